"""Encoders as ONNX files (extra `onnx`)."""
