"""The calendar that is shipped with the engine: data files only, see README.md."""
