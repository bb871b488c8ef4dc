"""Posts fetched with the user's own login."""
