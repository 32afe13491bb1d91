"""Rounding: a network whose weights and states are those of eight bits, while it learns and in the graph it is exported to."""
