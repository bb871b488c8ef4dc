"""One file an estimator that is no network."""
