"""Fitted models asked: predictions, calibration, metrics."""
