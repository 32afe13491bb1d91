"""The verb `sweep`: many trials of a recipe, and the best of what it leaves open."""
