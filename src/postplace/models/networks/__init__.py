"""One file a network, each readable alone."""
