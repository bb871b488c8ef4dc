"""Leak-free parts: groups, near-duplicates, and what stands on both sides."""
