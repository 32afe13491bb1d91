"""What a language model has forgotten: how well it reads general texts that it was not fine-tuned for, before and after."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from burnish.core.errors import InputError
from burnish.core.processor import Processor
from burnish.evaluation.intervals import interval_of_ratio

LONGEST = 512  # tokens of a passage that are read: logits of all of them are in memory at once


@dataclass(frozen=True)
class Forgetting:
    """Bits per byte of general texts before and after training.

    Attributes:
        texts: where they are from.
        passages: how many there are.
        before, after: bits for each byte (UTF-8), summed over all passages and divided once.
        change: after minus before; above 0 something was forgotten.
        low, high: its 95 % interval, by a paired bootstrap over passages.
    """

    texts: str
    passages: int
    before: float
    after: float
    change: float
    low: float
    high: float

    def values(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def passages(place: str | None) -> list[str]:
    """Texts between blank lines, of a file or of burnish's own (English, one passage of code).

    Raises:
        InputError: the file is not there, or has fewer than two passages.
    """
    if place is None:
        text = (files("burnish.evaluation") / "texts" / "general.txt").read_text(encoding="utf-8")
    else:
        path = Path(place).expanduser()
        if not path.is_file():
            raise InputError("there is no such file", expected="a text file", place=f"forgetting: {place}")
        text = path.read_text(encoding="utf-8")
    found = [passage.strip() for passage in text.split("\n\n") if passage.strip()]
    if len(found) < 2:
        raise InputError(
            f"{len(found)} passages",
            expected="at least two, with a blank line between them",
            place=f"forgetting: {place}",
        )
    return found


def forgetting(
    before: Any,
    after: Any,
    processor: Processor,
    place: str | None,
    *,
    seed: int,
    resamples: int,
    notify: Callable[[str, int, int], None] | None = None,
) -> Forgetting | None:
    """How well two networks over one vocabulary read general texts; None where the processor reads no texts.

    Args:
        before, after: networks; logits [1, L, V] of `input_ids`.
        processor: whose tokenizer both read with.
        place: a file of texts; None: burnish's own.
        seed, resamples: of the bootstrap.
        notify: told how far it is.

    Raises:
        InputError: see `passages`.
    """
    texts = passages(place)
    ids = [processor.text_ids(text)[:LONGEST] for text in texts]
    if any(len(one) < 2 for one in ids):
        return None
    sums = np.zeros((len(texts), 2))
    for row, one in enumerate(ids):
        sums[row] = [_nats(network, one) for network in (before, after)]
        if notify:
            notify("general texts", row + 1, len(texts))
    sizes = np.array([len(text.encode()) for text in texts], np.float64)
    bits = sums.sum(axis=0) / sizes.sum() / math.log(2)
    lost = (sums[:, 1] - sums[:, 0]) / math.log(2)
    low, high = interval_of_ratio(lost, sizes, resamples=resamples, seed=seed)
    return Forgetting(
        "burnish's own" if place is None else place,
        len(texts),
        float(bits[0]),
        float(bits[1]),
        float(bits[1] - bits[0]),
        low,
        high,
    )


def _nats(network: Any, ids: Sequence[int]) -> float:
    """What the network lacks to be sure of each token but the first."""
    import torch
    from torch.nn import functional as F

    network.eval()
    device = next(network.parameters()).device
    with torch.inference_mode():
        tokens = torch.tensor([list(ids)], device=device)
        logits = network(input_ids=tokens, attention_mask=torch.ones_like(tokens)).float()
        return float(F.cross_entropy(logits[0, :-1], tokens[0, 1:], reduction="sum"))
