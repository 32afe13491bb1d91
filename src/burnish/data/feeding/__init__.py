"""From tables to batches."""
