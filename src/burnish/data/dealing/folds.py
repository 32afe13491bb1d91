"""Rows dealt to folds: each row in one of them, of each class alike, and what belongs together in the same one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.core.seeds import generator
from burnish.data.table import Part


def folds(keys: NDArray[np.uint64], strata: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """The fold of each row, [N] from 0 to `count` - 1.

    Units (rows of one key) are dealt one after another, the largest first and else in an order drawn by the seed, each to
    the fold that has the fewest rows of its class so far, and of those the one with the fewest rows.

    Args:
        keys: [N] hashes of what stays together; 0 where a row stands alone.
        strata: [N] class numbers, -1 where there is none. A unit of several classes counts as its most frequent one.
        count: how many folds.
        seed: of the order.

    Raises:
        InputError: there are fewer units than folds.
    """
    alone = keys == 0
    _, inverse = np.unique(keys, return_inverse=True)
    units = np.where(alone, np.arange(len(keys)) + len(keys), inverse)
    members: dict[int, list[int]] = {}
    for row, unit in enumerate(units.tolist()):
        members.setdefault(unit, []).append(row)
    if len(members) < count:
        raise InputError(
            f"{len(members)} groups or different rows for {count} folds",
            expected="at least one for each",
            place="folds",
        )
    listed = list(members.values())
    order = sorted(generator(seed, "folds").permutation(len(listed)).tolist(), key=lambda u: -len(listed[u]))
    of_class, total = [Counter[int]() for _ in range(count)], [0] * count
    found = np.empty(len(keys), np.int64)
    for unit in order:
        rows = listed[unit]
        stratum = Counter(strata[rows].tolist()).most_common(1)[0][0]
        fold = min(range(count), key=lambda f: (of_class[f][stratum], total[f], f))
        of_class[fold][stratum] += len(rows)
        total[fold] += len(rows)
        found[rows] = fold
    return found


def together(parts: Mapping[str, Part]) -> dict[str, Part]:
    """The splits of a run whose rows for training and validation are one part, `train`, in the order of their table.

    Raises:
        InputError: validation rows are of another table.
    """
    own = [parts[name] for name in ("train", "validation") if name in parts]
    if any(part.table is not own[0].table for part in own):
        raise InputError(
            "validation rows come from a file of their own, and folds are dealt from one table",
            fix="leave data.validation out, or put its rows into data.train",
            place="data.validation",
        )
    whole = Part(own[0].table, np.sort(np.concatenate([part.rows for part in own])))
    return {"train": whole, **{name: part for name, part in parts.items() if name == "test"}}
