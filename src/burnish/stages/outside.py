"""What is written never lies where data are read: the next reading would take it for data."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.core.errors import InputError
from burnish.data.data_set import DataSet

if TYPE_CHECKING:
    from burnish.data.settings import Data


def require_apart(out: Path, places: Iterable[Any], *, option: str = "--out") -> None:
    """Check that an output lies in no folder, and under no pattern, that data are read from; links are followed.

    Args:
        out: the file or folder to be written.
        places: what the data are: paths, globs, lists of those; anything else is no place.
        option: which names the output, for the error.

    Raises:
        InputError: it lies inside; nothing could be read from there again as it is now.
    """
    for place in _each(places):
        if folder := _reads(place, out):
            raise InputError(
                f"the output would lie inside the data: {out} is in {folder}",
                expected="a place outside: the next reading of the data would take the output for data",
                fix=f"choose another {option}, such as {_beside(folder, out)}",
                place=str(place),
            )


def read_from(data: Data) -> list[Any]:
    """The places a recipe reads data from."""
    return [place for place in (data.train, data.validation, data.test) if place is not None]


def _each(places: Iterable[Any]) -> Iterator[str]:
    for place in places:
        if isinstance(place, list | tuple):
            yield from _each(place)
        elif (isinstance(place, Mapping) and "place" in place) or isinstance(place, DataSet):
            yield from _each([place.place if isinstance(place, DataSet) else place["place"]])
        elif isinstance(place, str | Path) and str(place).strip():
            yield str(place).strip()


def _reads(place: str, out: Path) -> str:
    """The folder that is read at a place and holds the output; empty where none does."""
    path = Path(place).expanduser()
    if path.is_dir():
        return str(place) if _inside(out, path) or any(_inside(out, link) for link in _links(path)) else ""
    if path.exists() or not glob.has_magic(place):
        return ""
    parts = path.parts
    first = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    base = Path(*parts[:first]) if first else Path()
    if not base.is_dir() or not _inside(out, base):
        return ""
    if first < len(parts) - 1 or "**" in parts[-1]:  # folders below are looked into as well
        return str(base)
    return str(base) if _real(out).parent == _real(base) and Path(out.name).match(parts[-1]) else ""


def _links(folder: Path) -> Iterator[Path]:
    """Linked folders below a folder: what they lead to is read with it."""
    for root, names, _ in os.walk(folder):
        yield from (Path(root, name) for name in names if os.path.islink(os.path.join(root, name)))


def _inside(out: Path, folder: Path) -> bool:
    return _real(out).is_relative_to(_real(folder))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path.expanduser()))


def _beside(folder: str, out: Path) -> str:
    return str(_real(Path(folder)).parent / f"{_real(Path(folder)).name}-{out.name}")
