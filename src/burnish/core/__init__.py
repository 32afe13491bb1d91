"""The vocabulary every other room speaks: components, batches, weighted sums, predictions, seeds, errors."""
