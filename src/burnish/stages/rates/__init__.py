"""What a run will do with its learning rate, and which one it might take: the verbs `plot` and `find-rate`."""
