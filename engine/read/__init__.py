"""SQL out: what pages and reports show; nothing here writes."""
