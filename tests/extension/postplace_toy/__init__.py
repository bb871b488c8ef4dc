"""A package outside of postplace that adds to it by its entry points: see docs/extending.md."""
