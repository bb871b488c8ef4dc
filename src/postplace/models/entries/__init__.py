"""What is known of each model before it is built."""
