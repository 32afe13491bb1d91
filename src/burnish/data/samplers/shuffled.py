from __future__ import annotations

from burnish.data.samplers._each_once import EachOnce


class Shuffled(EachOnce):
    """Every example once an epoch, in random order."""
