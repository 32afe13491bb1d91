"""Processes that serve."""
