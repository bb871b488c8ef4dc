"""Posts -> stored vectors, and the arrays and tensors that models are given."""
