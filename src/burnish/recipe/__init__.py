"""Recipes: what a run is told, as people write it, as text and as a schema."""
