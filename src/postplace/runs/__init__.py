"""A run on disk: while it trains (unfinished), when it is done (folder, content), and what it says of itself (card)."""
