"""Clips: how far the gradient of a part of the network may go in one step, beside the bounds on all of it. One file each."""

from __future__ import annotations

from typing import ClassVar

from burnish.training.technique import Technique


class GradientClip(Technique):
    """A bound on gradients that depends on the weights, applied before `gradient_clip_norm` and `gradient_clip_value`."""

    axis: ClassVar[str] = "burnish.training.clips"
