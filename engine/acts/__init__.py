"""What people and clocks do: one noun a file, one transaction a function."""
