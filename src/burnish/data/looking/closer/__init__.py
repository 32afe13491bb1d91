"""A closer look at the rows: what takes longer than one pass, within a time that is said."""
