"""Random logits, targets and weights for each kind of target a loss can have."""

from __future__ import annotations

import torch

from burnish.core.batch import Truth, a_row_a_line
from burnish.core.component import component_class, kinds
from burnish.core.terms import Outputs
from burnish.core.weighted import WeightedSum
from burnish.losses import Loss

AXIS = "burnish.losses"
TARGETS = ("label", "labels", "score", "tags", "transcript", "ctc_transcript")

CTC = "tests.toy_sequences:Ctc"
"""A loss of one value a row, from outside."""

Case = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def loss_class(kind: str) -> type[Loss]:
    """The class of a kind of loss."""
    found = component_class(AXIS, kind, trust_code=True)
    assert issubclass(found, Loss)
    return found


# A target kind that this table does not know is a failure of its own, so that none is left untested.
EVERY = [(kind, target) for kind in kinds(AXIS) for target in loss_class(kind).targets]
PAIRS = [(kind, target) for kind, target in EVERY if loss_class(kind).terms is Loss.terms]
"""Losses of one value an element."""
TERMS = [*EVERY, (CTC, "frames")]
"""All losses, those of one value a row as well."""


def loss_case(target: str, rows: int = 6, *, seed: int = 0, dtype: torch.dtype = torch.float64) -> Case:
    """Logits, targets and weights of `rows` rows; the weights are all positive."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)

    if target == "label":
        logits, targets = 3 * normal(rows, 5), torch.randint(0, 5, (rows,), generator=generator)
    elif target in ("tags", "transcript"):
        logits, targets = 3 * normal(rows, 4, 5), torch.randint(0, 5, (rows, 4), generator=generator)
    elif target == "labels":
        logits, targets = 3 * normal(rows, 5), torch.randint(0, 2, (rows, 5), generator=generator).float()
    elif target == "score":
        logits, targets = 3 * normal(rows, 1), normal(rows).float()
    elif target in ("frames", "ctc_transcript"):
        logits, targets = 3 * normal(rows, 9, 5), torch.randint(1, 5, (rows, 3), generator=generator)
    else:
        raise AssertionError(f"add a case for target {target!r}")
    weights = torch.rand(targets.shape, generator=generator) + 0.25
    return logits, targets, weights


def truth_of(targets: torch.Tensor, weights: torch.Tensor) -> Truth[torch.Tensor]:
    """Of rows that have a line each."""
    owner = torch.from_numpy(a_row_a_line(weights.numpy()))
    return Truth(targets, weights, owner, torch.arange(len(targets)))


def weighed(
    loss: Loss, logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
) -> WeightedSum[torch.Tensor]:
    """What a loss says of rows that have a line each."""
    return loss(Outputs(logits), truth_of(targets, weights))
