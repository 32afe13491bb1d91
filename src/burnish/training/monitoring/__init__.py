"""Looking into a network while it learns: what its layers give, and how far their weights move. Nothing is changed."""
