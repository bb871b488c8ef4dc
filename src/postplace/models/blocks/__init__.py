"""Parts that several models are made of: tensors and masks only. B posts, N tokens, D width, h heads; mask True = real."""
