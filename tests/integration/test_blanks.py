"""The alarm for networks of CTC that give blanks only."""

from __future__ import annotations

import torch

from burnish.stages.train.blanks import STEP, blanks_only
from tests.sequence_cases import sequences


class Silent(torch.nn.Module):
    """A network whose frames are blanks, or letters."""

    def __init__(self, whole: torch.nn.Module, blank: bool) -> None:
        super().__init__()
        self.whole, self.blank = whole, blank

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = torch.zeros_like(self.whole(**inputs))
        logits[..., 0 if self.blank else 5] = 9.0
        return logits


def said(folder: object, *, blank: bool, step: int = STEP, kind: str = "ctc_greedy") -> str | None:
    from types import SimpleNamespace
    from typing import Any, cast

    import numpy as np

    from burnish.core.component import build

    case = sequences(cast(Any, folder), "Frames")
    recipe = SimpleNamespace(decoder=build("burnish.decoders", kind), target=case.target)
    batches = SimpleNamespace(
        features=None, loader=case.loader, total_steps=1000, order=SimpleNamespace(usable=np.arange(9))
    )
    tensors = SimpleNamespace(tensors=lambda arrays: {n: torch.from_numpy(v) for n, v in arrays.items()})
    parts = cast(Any, (recipe, Silent(case.network, blank), batches, tensors))
    return blanks_only(*parts, step)


def test_blanks_alone_are_said_with_what_to_do(tmp_path: object) -> None:
    words = said(tmp_path, blank=True)
    assert words is not None
    assert words.startswith("at step 100 the network writes nothing: 100.0% of ")
    assert "lower learning_rate" in words


def test_letters_other_steps_and_other_decoders_are_no_alarm(tmp_path: object) -> None:
    assert said(tmp_path, blank=False) is None
    assert said(tmp_path, blank=True, step=99) is None
    assert said(tmp_path, blank=True, kind="greedy") is None
