"""What a checkpoint sees of rows, before it has learned anything of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.bundle.processors import processor_of
from burnish.data.feeding.encode import EncodedRows, encode_part
from burnish.data.feeding.loader import Loader
from burnish.data.looking.closer.clock import Clock
from burnish.data.looking.closer.rows import Rows
from burnish.data.settings import cache_folder
from burnish.evaluation.predict import features
from burnish.recipe.recipe import Settled
from burnish.stages.audit.features import Features
from burnish.training.accelerator import Accelerator

TRIED = 64
"""Rows by which it is told how long all will take."""
TOKENS = 128
"""Of a text that the network reads; the beginning."""
SHARE = 0.7
"""Of the time that is left which features may take."""

Notify = Callable[[str, int, int], None]


def network_features(rows: Rows, recipe: Settled, clock: Clock, notify: Notify, *, hurried: bool) -> Features | None:
    """Features of the untouched checkpoint for each row, or each word where the target answers for words.

    None where `hurried` and they would take longer than there is time.

    Raises:
        InputError: there is no such checkpoint, or it does not read such rows.
    """
    folder = recipe.model.folder()
    input_ = recipe.input
    limit = getattr(input_, "max_length", None)
    if input_.stored and "max_length" in type(input_).model_fields:
        input_ = input_.model_copy(update={"max_length": min(limit or TOKENS, TOKENS)})
    processor = processor_of(input_, recipe.target, folder)
    cache = cache_folder(recipe.data.cache)
    accelerator = Accelerator(recipe.device, recipe.precision)
    if accelerator.undecided:
        accelerator.decided("bfloat16")
    parts = {name: rows.reporter.scans[name].part for name in rows.names if len(rows.reporter.scans[name])}
    encoded = {
        name: encode_part(p, input_, recipe.target, processor, cache=cache, notify=notify) for name, p in parts.items()
    }
    loaders = {name: Loader(e, input_, recipe.target, processor) for name, e in encoded.items()}
    network = recipe.model.build(input_, recipe.target, seed=recipe.seed).to(accelerator.device)
    precision = accelerator.autocast if accelerator.precision == "bfloat16" else nullcontext
    if hurried and _too_long(network, loaders, precision, len(rows), clock):
        return None
    seen = [_seen(network, loader, precision, notify) for loader in loaders.values()]
    how = f"features of {recipe.model.name} as it was, in {accelerator.precision}"
    if input_.stored:
        how += f", of the first {TOKENS} tokens" if (limit or TOKENS + 1) > TOKENS else ""
    if recipe.target.shape == "element":
        return _words(rows, seen, list(encoded.values()), how)
    return Features(np.concatenate([np.stack(values) for values in seen]), np.ones(len(rows), np.bool_), how)


def _too_long(network: Any, loaders: dict[str, Loader], precision: Any, count: int, clock: Clock) -> bool:
    loader = next(iter(loaders.values()))
    some = np.unique(np.linspace(0, len(loader.rows) - 1, min(TRIED, len(loader.rows))).astype(np.int64))
    list(features(network, loader, some[:4], precision=precision))  # the first pass is slower than any other
    started = time.perf_counter()
    list(features(network, loader, some, precision=precision))
    expected = (time.perf_counter() - started) / len(some) * count
    return expected > SHARE * clock.left


def _seen(network: Any, loader: Loader, precision: Any, notify: Notify) -> list[NDArray[np.float32]]:
    positions = np.arange(len(loader.rows))
    out: list[NDArray[np.float32]] = [np.zeros(0, np.float32)] * len(positions)
    for place, value in features(network, loader, positions, notify=notify, precision=precision):
        out[place] = value
    return out


def _words(rows: Rows, seen: list[list[NDArray[np.float32]]], encoded: list[EncodedRows], how: str) -> Features:
    """The features at the first sub-word of each word that was not cut off."""
    values, owner = [], []
    row = 0
    for of_split, known in zip(seen, encoded, strict=True):
        for position, value in enumerate(of_split):
            starts = known.encoded(position)["_words"]
            kept = value[starts[starts >= 0]]
            values.append(kept)
            owner += [row] * len(kept)
            row += 1
    return Features(np.concatenate(values), np.ones(len(rows), np.bool_), how, np.array(owner, np.int64))
