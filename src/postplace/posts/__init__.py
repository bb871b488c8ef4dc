"""A dump on disk -> posts."""
