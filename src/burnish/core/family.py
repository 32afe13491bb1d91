"""Families of networks: what the usual settings of a training depend on, read from names and shapes of tensors alone."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "text encoder",
    "decoder",
    "convolution with batch norm",
    "convolution",
    "vision transformer",
    "speech encoder",
    "other",
]
Shapes = Mapping[str, Sequence[int]]

_ATTENTION = re.compile(r"attn|attention|(^|\.)[qkv]_proj\.|(^|\.)[qkv]_lin\.|in_proj")
_EMBEDDING = re.compile(r"embed|(^|\.)w[tp]e\.|(^|\.)shared\.|lm_head")
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
ATTENDS = 0.1
"""Share of the weights that lies in attention from which on a network is a transformer; convolutions with a little of
it (squeeze and excitation, channel attention) lie far below, transformers at a third."""


@dataclass(frozen=True)
class Family:
    """What a network is built of.

    Attributes:
        kind: by what its weights are.
        weights: how many there are beside embeddings; 0 where they are not known.
        pretrained: whether they were learned before.
    """

    kind: Kind = "other"
    weights: int = 0
    pretrained: bool = True


def family_of(shapes: Shapes, encoder: Kind, *, generates: bool = False, pretrained: bool = True) -> Family:
    """The family of a network from the names and shapes of its tensors.

    Args:
        shapes: of every tensor; none: nothing is known.
        encoder: the family of transformers that read such rows (`Input.encoder`).
        generates: whether a text network was trained to write on.
        pretrained: whether the weights were learned before.
    """
    sizes = {
        name: math.prod(shape)
        for name, shape in shapes.items()
        if not name.endswith(_STATISTICS) and not _EMBEDDING.search(name)
    }
    weights = sum(sizes.values())
    if not weights:
        return Family(pretrained=pretrained)
    attends = sum(size for name, size in sizes.items() if _ATTENTION.search(name)) >= ATTENDS * weights
    normed = any(name.endswith("running_mean") for name in shapes)
    return Family(_kind(encoder, attends=attends, normed=normed, generates=generates), weights, pretrained)


def _kind(encoder: Kind, *, attends: bool, normed: bool, generates: bool) -> Kind:
    if encoder == "text encoder":
        return "decoder" if generates else encoder
    if attends and (encoder == "speech encoder" or not normed):  # speech encoders begin with normed convolutions
        return encoder
    return "convolution with batch norm" if normed else "convolution"
