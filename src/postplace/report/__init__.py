"""What a run is worth, as one page that needs no network."""
