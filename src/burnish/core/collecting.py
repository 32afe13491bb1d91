"""The garbage collector, kept from going through all that imports make again and again.

Importing torch and transformers makes most of a million objects that live as long as the process. With the collector
on, a third of the time of these imports is its own, and at the end of the process it goes through all of them once more.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class _Process:
    """Whether burnish is the whole process: only then may it say what is never looked at again."""

    ours = False


def process_is_ours() -> None:
    """Say that this process does nothing but one command of burnish."""
    _Process.ours = True


@contextmanager
def importing() -> Iterator[None]:
    """Load libraries without the collector; what they made is kept out of its way, where the process is ours."""
    running, before = gc.isenabled(), len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if running:
            if _Process.ours and len(sys.modules) > before:
                gc.freeze()
            gc.enable()


def before_the_end() -> None:
    """The last thing a process of ours does: what is left goes with the process, and need not be sorted out first."""
    if _Process.ours:
        gc.freeze()
