"""Encoders of the Hugging Face hub, through transformers (extra `hub`)."""
