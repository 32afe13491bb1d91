"""What is known of data before anything is learned from them."""
