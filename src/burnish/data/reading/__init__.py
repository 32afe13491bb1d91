"""From what people write to tables."""
