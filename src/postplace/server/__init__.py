"""The HTTP service: posts of different clients are answered in one batch; nothing is kept, fetched or logged of them."""
