"""Units of very different sizes (groups, repeated texts) dealt by their rows, the largest first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from burnish.data.dealing.noise import noise

Shares = tuple[float, float, float]
_NEAR = 0.25  # of its share that a split may have too many or too few
_LEAST = 0.02  # of all rows: what a small split may be off in any case
_ROWS = 2.0  # that every split may be off
_CHANCE = 0.4  # of the noise that decides between splits which lack about as much


def rows_of(dealt: NDArray[np.int8], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """[3] the rows of train, validation and test, where unit u with `sizes[u]` rows is in split `dealt[u]`."""
    return np.bincount(dealt, weights=sizes, minlength=3).astype(np.int64)


def far(rows: NDArray[np.int64], wanted: Shares) -> bool:
    """Whether splits of so many rows are far from the shares asked for: by more than a quarter of a share."""
    asked = np.array(wanted) * rows.sum()
    allowed = np.maximum(np.maximum(asked * _NEAR, rows.sum() * _LEAST), _ROWS)
    return bool((np.abs(rows - asked) > allowed).any())


def badness(rows: NDArray[np.int64], wanted: Shares) -> float:
    """How far splits are from the shares asked for; a split without rows is worse than any distance."""
    asked = np.array(wanted) * rows.sum()
    empty = int(((rows == 0) & (asked > 0)).sum())
    return float(np.abs(rows - asked).sum() + 2 * empty * rows.sum())


def deal_by_size(
    keys: NDArray[np.uint64], unit: NDArray[np.int64], strata: NDArray[np.int64], wanted: Shares, seed: int
) -> NDArray[np.int8]:
    """The split of each unit: the largest first, each to a split that has room for it and lacks most of its classes.

    What fits nowhere goes where most rows are missing, which for a giant unit is training. Nearer to the shares than
    `deal`, but rows that are appended may move old ones.

    Args:
        keys: [U] hashes of the units.
        unit: [N] the unit of each row.
        strata: [N] class numbers.
        wanted: shares of train, validation, test.
        seed: the only source of randomness.

    Returns:
        int8 [U].
    """
    sizes = np.bincount(unit, minlength=len(keys))
    chance = noise(keys, seed) * _CHANCE
    order = np.lexsort((chance[:, 0], -sizes)).tolist()
    classes = np.unique(strata, return_inverse=True)[1]
    held = _classes_of(unit, classes, len(keys))
    lack = [share * len(unit) for share in wanted]
    of_class = np.bincount(classes)
    class_lack = [(of_class * share).tolist() for share in wanted]
    splits = [s for s in range(3) if wanted[s] > 0]
    out = np.zeros(len(keys), np.int8)
    for u in order:
        size, of_unit = int(sizes[u]), held[u]
        room = [s for s in splits if lack[s] >= size]
        if room:
            chosen = max(
                room, key=lambda s: _need(s, lack, class_lack, of_unit, size, wanted, len(unit)) + chance[u, s]
            )
        else:
            chosen = max(splits, key=lambda s: lack[s])
        out[u] = chosen
        lack[chosen] -= size
        for name, count in of_unit:
            class_lack[chosen][name] -= count
    return _filled(out, sizes, splits)


def _filled(dealt: NDArray[np.int8], sizes: NDArray[np.int64], splits: list[int]) -> NDArray[np.int8]:
    """The same, where a split got nothing, with the smallest unit of those that can spare one."""
    for split in splits:
        units = np.bincount(dealt, minlength=3)
        spare = np.flatnonzero(units[dealt] > 1)
        if units[split] == 0 and len(spare):
            dealt[spare[sizes[spare].argmin()]] = split
    return dealt


def _need(
    split: int,
    lack: list[float],
    class_lack: list[list[float]],
    of_unit: list[tuple[int, int]],
    size: int,
    wanted: Shares,
    total: int,
) -> float:
    """How much of its share a split lacks, of all rows and of the classes of a unit, in [.., 2]."""
    of_classes = sum(count * class_lack[split][name] for name, count in of_unit)
    available = sum(
        count * (class_lack[0][name] + class_lack[1][name] + class_lack[2][name]) for name, count in of_unit
    )
    relative = of_classes / available / wanted[split] if available > 0 else 0.0
    return lack[split] / (wanted[split] * total) + min(relative, 1.0)


def _classes_of(unit: NDArray[np.int64], classes: NDArray[np.int64], units: int) -> list[list[tuple[int, int]]]:
    """For each unit its classes and how many rows it has of each."""
    width = int(classes.max(initial=0)) + 1
    pairs, counts = np.unique(unit * width + classes, return_counts=True)
    held: list[list[tuple[int, int]]] = [[] for _ in range(units)]
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        held[pair // width].append((pair % width, count))
    return held
