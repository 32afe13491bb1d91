"""One way chosen among several on validation, by training each: what `imbalance: auto` and `long: auto` share."""
