"""A page on which two models are compared by ear, without saying which is which until the votes are counted."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from burnish.core.files import write_text
from burnish.core.seeds import generator

_PAGE = Path(__file__).parent / "blind.html"


@dataclass(frozen=True)
class BlindPair:
    """What both were asked for, and an MP3 file of each."""

    caption: str
    first: bytes
    second: bytes


def blind_page(path: Path, names: tuple[str, str], pairs: Sequence[BlindPair], seed: int) -> None:
    """Write the page; sounds are in it, and votes stay in the browser that it is opened with.

    Args:
        path: of the HTML file.
        names: of the two that are compared, told at the end.
        pairs: what is heard.
        seed: which of a pair is A, which B.
    """
    swapped = generator(seed, "blind").random(len(pairs)) < 0.5
    listed = [_listed(pair, bool(turned)) for pair, turned in zip(pairs, swapped, strict=True)]
    data = {"names": list(names), "pairs": listed, "identity": _identity(names, pairs, swapped)}
    text = json.dumps(data).replace("<", "\\u003c")  # no end of the script within it
    write_text(path, _PAGE.read_text(encoding="utf-8").replace("{{data}}", text))


def _listed(pair: BlindPair, turned: bool) -> dict[str, object]:
    order = [1, 0] if turned else [0, 1]
    sounds = [base64.b64encode((pair.first, pair.second)[side]).decode("ascii") for side in order]
    return {"caption": pair.caption, "order": order, "sounds": sounds}


def _identity(names: tuple[str, str], pairs: Sequence[BlindPair], swapped: np.ndarray) -> str:
    """Of the page: votes on another one are not counted with its."""
    digest = hashlib.sha256(repr((names, [pair.caption for pair in pairs], swapped.tolist())).encode())
    for pair in pairs:
        digest.update(hashlib.sha256(pair.first + pair.second).digest())
    return digest.hexdigest()[:16]
