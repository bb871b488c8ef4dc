"""Images: decoded safely, cleaned of people, read."""
