"""What a frozen backbone gives for each row, in files of the cache that are found again and checked."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from burnish.core.batch import Array
from burnish.core.files import file_aside, write_json
from burnish.core.network import HeadSplit, Inseparable, Network
from burnish.core.source_hash import source_hash
from burnish.data.feeding.ahead import ahead
from burnish.data.feeding.encode import fingerprint
from burnish.data.feeding.loader import Loader
from burnish.data.feeding.order import cut
from burnish.training.accelerator import Accelerator, out_of_memory

Notify = Callable[[str, int, int], None]
Read = Callable[..., torch.Tensor]
BATCH = {"cpu": 32, "cuda": 256}  # rows at once; halved when memory runs out
OVERHEAD = {"cpu": 40, "cuda": 16384}  # what another batch costs, in elements
ROOM = 1.1  # free space on the disk there must be, in sizes of the file


@dataclass(frozen=True)
class Features:
    """Features of one split: float32 [N, ...], memory-mapped, and what is to be said of them."""

    values: Array
    note: str


def splits_in_turn(
    training: Loader, validation: Loader | None, accelerator: Accelerator
) -> Iterator[tuple[str, Loader, str]]:
    """Name, rows and precision of each split that is computed once: training as the run computes, validation in float32.

    With several processes the first goes through them alone; the others then find the files.
    """
    if not accelerator.main:
        accelerator.wait()
    yield "train", training, accelerator.precision
    if validation is not None:
        yield "validation", validation, "float32"
    if accelerator.main:
        accelerator.wait()


def features_of(
    network: Network,
    quickest: Callable[[], tuple[Read, str]],
    loader: Loader,
    accelerator: Accelerator,
    *,
    precision: str,
    shape: Sequence[int],
    cache: Path,
    name: str,
    depends_on: Sequence[str],
    workers: int,
    notify: Notify | None,
) -> Features:
    """Features of every row of a split, in its order, from the cache or computed now.

    Args:
        network: they belong to; which of its parameters learn is known.
        quickest: finds `fastest`, where they must be computed.
        loader: how the rows are read.
        accelerator, precision: with which they are computed.
        shape: of the features of one row.
        cache, name: folder for the file, and the split in words.
        depends_on: what else they depend on.
        workers: threads that read rows ahead.
        notify: called with (text, done, total).

    Raises:
        Inseparable: there is no room for them on the disk.
    """
    path = cache / "features" / f"{key_of(network, loader, accelerator, precision, depends_on)}.npy"
    size, note = f"{len(loader.rows):,} rows", ""
    if path.is_file():
        try:
            values = opened(path, len(loader.rows))
            return Features(values, f"{name}: features of the frozen backbone for {size} (cache hit)")
        except (OSError, ValueError) as error:
            note = f"; {path.name} in the cache was damaged ({error})"
    whole = (len(loader.rows), *shape)
    check_room(cache, 4 * int(np.prod(whole)))
    started = time.perf_counter()
    read, faster = quickest()
    pieces = _computed(read, loader, accelerator, precision, workers, name, notify)
    _write(path, whole, pieces)
    how = f", {faster}" if faster else ""
    cost = f"{time.perf_counter() - started:.1f} s, {path.stat().st_size / 1e6:,.1f} MB"
    said = f"{name}: features of the frozen backbone computed once for {size}{how} (cache miss, {cost})"
    return Features(opened(path, len(loader.rows)), said + note)


def fastest(split: HeadSplit, probe: dict[str, torch.Tensor], plain: torch.Tensor) -> tuple[Read, str]:
    """The quickened body where it gives the same features, and what it does in words; else the plain one.

    Args:
        split: the network in two.
        probe: a few rows.
        plain: their features by the plain body.
    """
    try:
        quick = split.quickened()
        if quick is split.features:
            return quick, ""
        with torch.inference_mode():
            folded = quick(**probe)
    except (RuntimeError, AttributeError, TypeError, KeyError):  # an architecture that looks into its own norms
        return split.features, "batch norms not folded"
    scale = float(plain.abs().max())
    if plain.shape != folded.shape or float((plain - folded).abs().max()) > 1e-4 * max(scale, 1e-6):
        return split.features, "batch norms not folded"
    return quick, ""


def _computed(
    read: Read,
    loader: Loader,
    accelerator: Accelerator,
    precision: str,
    workers: int,
    name: str,
    notify: Notify | None,
) -> Iterator[tuple[NDArray[np.int64], Array]]:
    """(positions, their features), rows of like length together."""
    kind = accelerator.device.type
    limit, overhead = BATCH.get(kind, BATCH["cuda"]), OVERHEAD.get(kind, OVERHEAD["cuda"])
    lengths = loader.rows.lengths
    pieces = [p for p, _ in cut(np.arange(len(lengths)), lengths, limit=limit, overhead=overhead)]
    done = 0
    for positions, batch in ahead(pieces, loader.batch, workers):
        yield positions, seen(read, batch.inputs, accelerator, precision)
        done += len(positions)
        if notify:
            notify(f"features of the frozen backbone, {name}", done, len(lengths))


def seen(read: Read, inputs: dict[str, Array], accelerator: Accelerator, precision: str) -> Array:
    """Features of some rows; of half of them at a time where memory runs out."""
    try:
        tensors = accelerator.tensors(inputs)
        with torch.inference_mode(), nullcontext() if precision == "float32" else accelerator.autocast():
            features: Array = read(**tensors).float().cpu().numpy()
        return features
    except (RuntimeError, MemoryError) as error:
        half = len(next(iter(inputs.values()))) // 2
        if not out_of_memory(error) or half == 0:
            raise
    halves = ({n: v[:half] for n, v in inputs.items()}, {n: v[half:] for n, v in inputs.items()})
    return np.concatenate([seen(read, part, accelerator, precision) for part in halves])


def key_of(
    network: Network, loader: Loader, accelerator: Accelerator, precision: str, depends_on: Sequence[str]
) -> str:
    """A hash of what features depend on: rows and their files, input, processor, frozen weights, settings, code."""
    part = loader.rows.part
    inspection = part.table.inspection
    if inspection is not None:
        files = hashlib.sha256(inspection.contents[part.rows].tobytes()).hexdigest()
    else:  # what is not known is not found again
        files = "" if loader.input.stored else uuid.uuid4().hex
    parts = [
        fingerprint(part, loader.input, loader.target, loader.processor),
        files,
        _weights_hash(network),
        str(network.backbone()),
        precision,
        accelerator.device.type,
        torch.__version__,
        _code_hash(network),
        *depends_on,
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]


def _weights_hash(network: Network) -> str:
    """Of all that does not learn: a fresh head differs from seed to seed, what the backbone gives does not."""
    learns = {name for name, p in network.named_parameters() if p.requires_grad}
    digest = hashlib.blake2b(digest_size=20)
    for name, value in sorted(network.state_dict().items()):
        if name not in learns:
            digest.update(name.encode())
            digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _code_hash(network: Network) -> str:
    return source_hash([__name__, "burnish.models", "burnish.media", type(network).__module__])


def check_room(cache: Path, needed: int) -> None:
    """Refuse what the disk has no room for.

    Raises:
        Inseparable: there is not enough.
    """
    folder = cache
    while not folder.is_dir():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed * ROOM:
        raise Inseparable(f"the features need {needed / 1e9:.1f} GB in the cache, and {free / 1e9:.1f} GB are free")


def _write(path: Path, shape: tuple[int, ...], pieces: Iterator[tuple[NDArray[np.int64], Array]]) -> None:
    """Write aside and rename; the hash beside it, in its own file, comes last: only with it the file is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with file_aside(path) as aside:
        values = np.lib.format.open_memmap(aside, mode="w+", dtype=np.float32, shape=shape)
        for positions, features in pieces:
            values[positions] = features
        values.flush()
        del values
    write_json(path.with_suffix(".json"), {"hash": sha256_of(path)})


def opened(path: Path, rows: int) -> Array:
    """The features in a file, memory-mapped.

    Raises:
        ValueError: damaged, or of other rows.
        OSError: cannot be read.
    """
    stated = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    if stated.get("hash") != sha256_of(path):
        raise ValueError("its hash is another")
    values: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    if len(values) != rows:
        raise ValueError(f"it holds {len(values):,} rows and not {rows:,}")
    return values


def sha256_of(path: Path) -> str:
    """The hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
