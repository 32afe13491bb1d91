"""Sounds as codes: what a neural codec makes of a recording, and the order in which a network writes its codebooks."""
