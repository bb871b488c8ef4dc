"""postplace: from a social post to the place it was made."""
