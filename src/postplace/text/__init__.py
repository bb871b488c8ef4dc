"""Text: cleaned, cut into words, hashtags found."""
