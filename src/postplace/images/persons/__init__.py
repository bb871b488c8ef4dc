"""Where people are in a picture: one file a way of finding them."""
