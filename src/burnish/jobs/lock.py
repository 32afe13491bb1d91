"""Locks between processes: held while a file is open, given back by the system when a process dies in whatever way."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from burnish.core.errors import InputError

PAUSE = 0.05  # seconds between two attempts


def taken(path: Path) -> int | None:
    """Take a lock without waiting.

    Args:
        path: of the lock file; it is made, and stays.

    Returns:
        A handle that holds the lock until it is closed; None where another process holds it.

    Raises:
        InputError: this system has no such locks.
    """
    try:
        import fcntl
    except ImportError as error:
        raise InputError("work in several processes needs a system with `fcntl`", fix="use Linux or macOS") from error
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


@contextmanager
def locked(path: Path, patience: float = 120.0) -> Iterator[None]:
    """Hold a lock, waiting for whoever holds it now.

    Raises:
        InputError: it was not given back within `patience` seconds.
    """
    until = time.monotonic() + patience
    while (handle := taken(path)) is None:
        if time.monotonic() > until:
            raise InputError(
                f"another process has held this for {patience:g} seconds", fix="end it, then try again", place=str(path)
            )
        time.sleep(PAUSE)
    try:
        yield
    finally:
        os.close(handle)
