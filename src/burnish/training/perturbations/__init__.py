"""Perturbations: what a network is disturbed by while it learns, so that it cannot learn its rows by heart. One file each."""

from __future__ import annotations

from typing import ClassVar

from burnish.training.technique import Technique


class Perturbation(Technique):
    """A disturbance of weights, embeddings or outputs in training. Validation, test and bundle never see it."""

    axis: ClassVar[str] = "burnish.training.perturbations"
