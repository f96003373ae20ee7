"""One conversation per file."""
