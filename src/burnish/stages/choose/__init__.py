"""Which checkpoint for these rows on this machine: facts, one real step, scores on features, short trainings."""
