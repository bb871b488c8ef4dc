"""Frozen networks that turn text or pixels into vectors, and the store that keeps the vectors."""
