"""Files, processes, devices: what has nothing to do with posts."""
