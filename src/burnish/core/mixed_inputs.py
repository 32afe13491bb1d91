"""Names by which a batch brings a second row for each line, to be mixed with the first inside the network."""

from __future__ import annotations

OTHER = "mixed_"
"""Begins the name of each input of the second row."""
SHARE = "mixing_share"
"""float32 [B]: how much of each line is its first row."""
