"""Places: known ones, distances, classes with coordinates, answers as places."""
