"""What was found, and what people decide."""
