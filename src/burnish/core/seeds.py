"""Random streams as pure functions of what they are for: nothing to save, nothing to restore."""

from __future__ import annotations

import hashlib

import numpy as np


def derive(*parts: int | str) -> int:
    """A 63-bit seed from a path of names and counters, such as `derive(seed, "order", epoch)`.

    The same parts give the same seed on every machine and in every version of Python.
    """
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def generator(*parts: int | str) -> np.random.Generator:
    """A numpy generator seeded by `derive(*parts)`."""
    return np.random.Generator(np.random.PCG64(derive(*parts)))
