"""Dealing units (texts, groups) to splits one after another, so that what comes later never moves what came before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.data.dealing.by_size import badness, deal_by_size, far, rows_of
from burnish.data.dealing.noise import noise
from burnish.data.splits import TEST, TRAIN, VALIDATION, Split

_TEST_BY, _VALIDATION_BY = 4, 8  # the unit of a class by which the split has its first one


def shares(split: Split, parts: tuple[bool, bool]) -> tuple[float, float, float]:
    """Shares of train, validation and test; the share of a part that is not wanted goes to train.

    Raises:
        InputError: nothing is left for training.
    """
    validation, test = split.validation * parts[0], split.test * parts[1]
    if validation + test >= 1:
        raise InputError(
            f"validation {validation:g} and test {test:g} leave no examples for training",
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


def dealt(
    keys: NDArray[np.uint64], strata: NDArray[np.int64], wanted: tuple[float, float, float], seed: int, before: bool
) -> NDArray[np.int8]:
    """The split of each row, where rows of one key stay together.

    Units are dealt in their order (`deal`), which no appended row changes. Only where some are so large that splits are
    then far from the shares of rows asked for, and sizes tell a better way, they are dealt by size.

    Args:
        keys: [N] hashes of what stays together; 0 where a row stands alone.
        strata: [N] class numbers.
        wanted: shares of train, validation, test.
        seed: the only source of randomness.
        before: always in their order, as burnish 0.7.0 did.

    Returns:
        int8 [N].
    """
    first, unit = units(keys)
    by_deficit = deal(keys[first], strata[first], wanted, seed)
    sizes = np.bincount(unit, minlength=len(first))
    if before or sizes.max(initial=0) < 2 or not far(rows_of(by_deficit, sizes), wanted):
        return by_deficit[unit]
    other = deal_by_size(keys[first], unit, strata, wanted, seed)
    better = badness(rows_of(other, sizes), wanted) < badness(rows_of(by_deficit, sizes), wanted)
    return (other if better else by_deficit)[unit]


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
    chances = noise(keys, seed)
    for members in np.split(order, bounds):
        if len(members):
            out[members] = _one_stratum(chances[members].tolist(), wanted)
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
