"""Rows that are nearly the same, found without comparing all with all."""
