"""Shrinking: how a network learns to be smaller or faster than it was. One file each, each a field of a recipe of its own."""

from __future__ import annotations

from typing import ClassVar

from burnish.training.technique import Technique


class Shrinking(Technique):
    """What makes a network small or fast while it learns: a teacher, numbers of eight bits, or less of it."""

    axis: ClassVar[str] = "burnish.training.shrinking"
