"""What a frozen encoder gives at each place of each row, computed once: the decoder then learns from what was kept.

The loop, its order of rows, its batches, weights, guards and checkpoints stay what they are: only the encoder is left out of
each step.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from burnish.adapters import Adapter
from burnish.core.batch import Array, Encoded
from burnish.core.files import file_aside, write_json
from burnish.core.network import EncoderApart, Inseparable, Network
from burnish.data.feeding.ahead import Sharing, ahead
from burnish.data.feeding.loader import Loader
from burnish.data.feeding.order import cut
from burnish.training.accelerator import Accelerator
from burnish.training.features.cache import Frozen
from burnish.training.features.files import BATCH, Notify, check_room, key_of, opened, seen, sha256_of, splits_in_turn

STATES, MASK = "encoder_states", "encoder_mask"
_OVERHEAD = 100  # elements that another batch costs


@dataclass(frozen=True)
class StateLoader(Loader):
    """Batches of an encoder's states instead of rows: the same targets, weights and row numbers.

    Attributes:
        states: float32 [all places, D] of the rows of the split, one after the other, on disk.
        ends: int64 [N + 1], where those of each row begin and end.
    """

    states: Array | None = None
    ends: NDArray[np.int64] | None = None

    def encoded(self, positions: NDArray[np.int64], epoch: int = 0) -> list[Encoded]:
        """The states of the rows at these positions, the same in every epoch."""
        return [self._row(int(position)) for position in positions]

    def _row(self, position: int) -> Encoded:
        assert self.states is not None
        assert self.ends is not None
        values = self.states[self.ends[position] : self.ends[position + 1]]
        return {**self.rows.encoded(position), STATES: np.asarray(values)}  # with its lengths, by which it is decoded

    def views(self, positions: NDArray[np.int64]) -> Iterator[Iterable[Encoded]]:
        """The same, one view a row."""
        return ([row] for row in self.encoded(positions))

    def collate(self, encoded: Sequence[Encoded]) -> tuple[dict[str, Array], int]:
        """`encoder_states` float32 [B, L, D] and `encoder_mask` int64 [B, L]; a row counts as many elements as unkept."""
        rows = [row[STATES] for row in encoded]
        longest = max(map(len, rows))
        states = np.zeros((len(rows), longest, rows[0].shape[1]), np.float32)
        mask = np.zeros((len(rows), longest), np.int64)
        for number, row in enumerate(rows):
            states[number, : len(row)], mask[number, : len(row)] = row, 1
        return {STATES: states, MASK: mask}, max(int(row["_length"]) for row in encoded)


def encoder_frozen(network: Network, adapter: Adapter, training: Loader, epochs: float) -> bool:
    """Whether a network has an encoder of which nothing learns, over rows that are the same in every epoch."""
    if not isinstance(network, EncoderApart) or adapter.changes or training.augmentation is not None or epochs <= 1:
        return False
    inside = {id(parameter) for parameter in network.encoder().parameters()}
    return not any(p.requires_grad and id(p) in inside for p in network.parameters())


def encoder_states(
    network: Any,
    training: Loader,
    validation: Loader | None,
    accelerator: Accelerator,
    *,
    cache: Path,
    depends_on: Sequence[str],
    workers: int = 0,
    notify: Notify | None = None,
) -> Frozen:
    """States of the training and validation rows, from the cache or computed now; arguments as of `frozen_features`.

    Raises:
        Inseparable: a validation row has several views, or there is no room on the disk.
    """
    if validation is not None and any(len(list(views)) > 1 for views in _longest(validation)):
        raise Inseparable("validation rows are read in several windows")
    network.eval()
    loaders: dict[str, Any] = {}
    notes: list[str] = []
    if any(_drops(module) for module in network.encoder().modules()):
        notes.append("dropout inside the frozen encoder is off")
    for name, loader, precision in splits_in_turn(training, validation, accelerator):
        path = cache / "states" / f"{key_of(network, loader, accelerator, precision, depends_on)}.npy"
        ends, note = _ends_of(path, len(loader.rows)), f"{name}: states of the frozen encoder (cache hit)"
        if ends is None:
            ends, note = _computed(path, network, loader, accelerator, precision, workers, name, notify)
        notes.append(note)
        settings = {f.name: getattr(loader, f.name) for f in fields(loader)}
        values = np.load(path, mmap_mode="r", allow_pickle=False)
        loaders[name] = StateLoader(**{**settings, "sharing": Sharing()}, states=values, ends=ends)
    return Frozen(network, loaders, notes)


def _drops(module: torch.nn.Module) -> bool:
    """Whether a module drops something in training; Whisper's have the rate as a number."""
    named = (getattr(module, name, 0) for name in ("dropout", "activation_dropout", "attention_dropout", "layerdrop"))
    rates = [module.p] if isinstance(module, torch.nn.Dropout) else [rate for rate in named if isinstance(rate, float)]
    return any(rate > 0 for rate in rates)


def _longest(loader: Loader) -> Iterator[Iterable[Encoded]]:
    return loader.views(np.argsort(-loader.rows.full_lengths, kind="stable")[:1])


def _ends_of(path: Path, rows: int) -> NDArray[np.int64] | None:
    """Where each row ends in a file of the cache; None where it is missing or damaged."""
    beside = path.with_suffix(".ends.npy")
    if not (path.is_file() and beside.is_file()):
        return None
    try:
        ends: NDArray[np.int64] = np.load(beside, allow_pickle=False)
        opened(path, int(ends[-1]))
    except (OSError, ValueError):
        return None
    return ends if len(ends) == rows + 1 else None


def _computed(
    path: Path,
    network: Any,
    loader: Loader,
    accelerator: Accelerator,
    precision: str,
    workers: int,
    name: str,
    notify: Notify | None,
) -> tuple[NDArray[np.int64], str]:
    started = time.perf_counter()
    lengths, limit = loader.rows.lengths, BATCH.get(accelerator.device.type, BATCH["cuda"]) // 4
    pieces = [p for p, _ in cut(np.arange(len(lengths)), lengths, limit=limit, overhead=_OVERHEAD)]
    first = loader.encoded(pieces[0][:1])
    width = _read(network, loader, first, accelerator, precision)[0].shape[1]
    counts = np.array([network.places(int(n), loader.processor.for_input) for n in lengths], np.int64)
    ends = np.concatenate([[0], counts.cumsum()])
    check_room(path.parent, 4 * int(ends[-1]) * width)
    path.parent.mkdir(parents=True, exist_ok=True)
    done = 0
    with file_aside(path) as aside:
        values = np.lib.format.open_memmap(aside, mode="w+", dtype=np.float32, shape=(int(ends[-1]), width))
        for positions, rows in ahead(pieces, loader.encoded, workers):
            for position, states in zip(positions, _read(network, loader, rows, accelerator, precision), strict=True):
                values[ends[position] : ends[position + 1]] = states
            done += len(positions)
            if notify:
                notify(f"states of the frozen encoder, {name}", done, len(lengths))
        values.flush()
        del values
    with file_aside(path.with_suffix(".ends.npy")) as aside, aside.open("wb") as file:
        np.save(file, ends)
    write_json(path.with_suffix(".json"), {"hash": sha256_of(path)})
    cost = f"{time.perf_counter() - started:.1f} s, {path.stat().st_size / 1e6:,.1f} MB"
    return ends, f"{name}: states of the frozen encoder computed once for {len(lengths):,} rows (cache miss, {cost})"


def _read(
    network: Any, loader: Loader, rows: Sequence[Encoded], accelerator: Accelerator, precision: str
) -> list[Array]:
    """The states of each row, without padding."""

    def read(**inputs: torch.Tensor) -> torch.Tensor:
        heard = network.heard(**inputs)
        states: torch.Tensor = heard.states
        lengths.extend([states.shape[1]] * len(states) if heard.mask is None else heard.mask.sum(-1).tolist())
        return states

    lengths: list[int] = []
    states = seen(read, loader.collate(rows)[0], accelerator, precision)
    return [row[:length] for row, length in zip(states, lengths, strict=True)]
