"""From a recipe to encoded splits, for `train` and for whoever reads the same rows again."""
