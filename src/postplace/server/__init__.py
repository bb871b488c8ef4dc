"""The HTTP service: posts of different clients answered in one batch; nothing of them is kept, fetched or logged."""
