"""Dealing units (texts, groups) to splits one after another, so that what comes later never moves what came before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.core.seeds import derive
from burnish.data.splits import TEST, TRAIN, VALIDATION, Split

_TEST_BY, _VALIDATION_BY = 4, 8  # the unit of a class by which the split has its first one
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def shares(split: Split, parts: tuple[bool, bool]) -> tuple[float, float, float]:
    """Shares of train, validation and test; the share of a part that is not wanted goes to train.

    Raises:
        InputError: nothing is left for training.
    """
    validation, test = split.validation * parts[0], split.test * parts[1]
    if validation + test >= 1:
        raise InputError(
            f"validation {validation:g} and test {test:g} leave no rows for training",
            expected="shares that add up to less than 1",
            place="split",
        )
    return 1 - validation - test, validation, test


def units(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows as units in order of first appearance; key 0 (missing) is a unit of its own in each row.

    Returns:
        first: [U] the row each unit appears in first, increasing.
        unit: [N] the unit of each row.
    """
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    lead = first[inverse]
    missing = np.flatnonzero(keys == 0)
    lead[missing] = missing
    rows = np.unique(lead)
    return rows, np.searchsorted(rows, lead)


def deal(
    keys: NDArray[np.uint64], strata: NDArray[np.int64], wanted: tuple[float, float, float], seed: int
) -> NDArray[np.int8]:
    """The split of each unit.

    The i-th unit of a stratum goes where `share * (i + 1) - count` is largest, with noise in [0, 0.5) that depends on
    the seed and the unit alone. So counts stay within about 1.5 of exact, and a unit's split depends only on itself
    and on units of its class before it: not on how classes are numbered, and not on what is appended.

    Args:
        keys: [U] hashes of the units, in order of first appearance; 0 where missing.
        strata: [U] class numbers.
        wanted: shares of train, validation, test.
        seed: the only source of randomness.

    Returns:
        int8 [U].
    """
    out = np.zeros(len(keys), np.int8)
    order = np.argsort(strata, kind="stable")
    bounds = np.flatnonzero(np.diff(strata[order])) + 1
    noise = _noise(keys, seed)
    for members in np.split(order, bounds):
        if len(members):
            out[members] = _one_stratum(noise[members].tolist(), wanted)
    return out


def _one_stratum(noise: Sequence[Sequence[float]], wanted: tuple[float, float, float]) -> list[int]:
    train, validation, test = wanted
    # Deficits before the next unit, kept by addition: what a split should have by now, less what it has.
    owed_train = owed_validation = owed_test = 0.0
    validation_has, test_has = validation == 0, test == 0
    out: list[int] = []
    for i, (n_train, n_validation, n_test) in enumerate(noise, 1):
        owed_train += train
        owed_validation += validation
        owed_test += test
        to_test = owed_test + n_test if test else -9.0
        to_validation = owed_validation + n_validation if validation else -9.0
        if not test_has and i >= _TEST_BY:
            choice = TEST
        elif not validation_has and i >= _VALIDATION_BY:
            choice = VALIDATION
        elif owed_train + n_train >= to_test and owed_train + n_train >= to_validation:
            choice = TRAIN
        else:
            choice = TEST if to_test >= to_validation else VALIDATION
        if choice == TRAIN:
            owed_train -= 1
        elif choice == VALIDATION:
            owed_validation -= 1
            validation_has = True
        else:
            owed_test -= 1
            test_has = True
        out.append(choice)
    return out


def _noise(keys: NDArray[np.uint64], seed: int) -> NDArray[np.float64]:
    """[U, 3] in [0, 0.5): a hash of seed, unit and split (splitmix64's finaliser, Steele et al. 2014).

    A missing unit has no content to be drawn by, so its number among the missing ones stands in; appending keeps it.
    """
    missing = keys == 0
    keys = np.where(missing, np.cumsum(missing).astype(np.uint64), keys)
    columns = []
    for split in (TRAIN, VALIDATION, TEST):
        x = keys ^ np.uint64(derive(seed, "split", split))
        x = (x ^ (x >> np.uint64(30))) * _MIX_1
        x = (x ^ (x >> np.uint64(27))) * _MIX_2
        x ^= x >> np.uint64(31)
        columns.append((x >> np.uint64(11)).astype(np.float64) / 2**54)
    return np.stack(columns, axis=1)
