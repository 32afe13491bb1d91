"""One sound a row."""

from __future__ import annotations

from burnish.inputs._recordings import Recordings


class Audio(Recordings):
    """One sound for each example: a path, the bytes of a file, or samples with their rate; any rate, channels averaged.

    Sounds longer than a view are cut into overlapping views whose logits are averaged; training sees a random one.
    """
