"""Where people are in an image: one file a way of finding them."""
