"""What tests only read is made once for all workers of pytest-xdist: who needs it first makes it, the others wait."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def shared_base(factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this session see, and no other session."""
    own = factory.getbasetemp()
    base = (
        own.parent if own.name.startswith("popen-") else own
    )  # xdist gives each worker a folder in that of the session
    folder = base / "shared"
    folder.mkdir(exist_ok=True)
    return folder


def made_once(place: Path, make: Callable[[], object]) -> Path:
    """`place`, after `make` has made it in one of the workers.

    What a worker that failed left behind is not taken for whole: the next one fails on it as the first did.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    whole = place.with_name(place.name + ".whole")
    with FileLock(str(place) + ".lock"):
        if not whole.exists():
            make()
            whole.touch()
    return place
