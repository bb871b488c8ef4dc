"""Coordinates: the reference systems that they come in, and whether they can be believed."""
