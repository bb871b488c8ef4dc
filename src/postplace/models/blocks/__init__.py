"""Parts that several models are made of: tensors and masks. B posts, N tokens, D width, h heads; mask True = real."""
