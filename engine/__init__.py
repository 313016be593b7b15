"""The workflow engine of the 12345 hotline: procedure, deadlines, log, replay."""
