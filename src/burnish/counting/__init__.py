"""Sums over a table of predictions, which metrics and evaluation share."""
