"""Metrics, intervals, calibration and conformal prediction: arrays in, numbers out."""
