"""Runs beside each other, in words and on a page."""
