"""Ways with rare classes compared on validation: the verb `try-imbalance`, and `imbalance: auto` of a run."""
