"""Batch -> logits; one file a published system, each readable alone."""
