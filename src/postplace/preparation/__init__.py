"""Posts -> filtered posts with cleaned images, as a folder."""
