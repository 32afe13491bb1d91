"""From the path that a row names to the file that is meant: relative to which folder, and written in another way."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path, PurePosixPath, PureWindowsPath

from burnish.core.errors import nearest

_SEARCHED = 20_000  # names looked at for one that is missing
_CASE = "in another case"
_OTHERWISE = ("in another Unicode form", _CASE)
AS_WRITTEN = ""
WORKING_FOLDER = "are not below the folder of the table, and are taken from the working folder"


def resolved(written: str, root: str | None, endings: tuple[str, ...]) -> tuple[Path, str]:
    """The file a path means, and in words what had to be assumed; empty for nothing.

    In order: below `root` as written; below `root`, written in another way (back-slashes, Unicode form, case, a leading
    slash, no ending), where exactly one file fits; as written from the working folder. Where there is none of these, the path below
    `root` as written.

    Args:
        written: the cell.
        root: the folder that paths are relative to; None: the working folder.
        endings: of the files, for paths without one.
    """
    path = Path(written)
    here = path if path.is_absolute() or root is None else Path(root) / path
    if is_file(here):
        return here, AS_WRITTEN
    if len(written) > 4096 or "\0" in written:
        return here, AS_WRITTEN
    parts = _parts(written)
    walked = _walked(Path(root or "."), parts, endings)
    if walked is not None:
        return walked
    if not path.is_absolute() and root is not None and is_file(path):
        return path, WORKING_FOLDER
    return here, AS_WRITTEN


def is_file(path: Path) -> bool:
    """Whether it is one; what no path can be (too long, as a picture in base64 is, or with a null byte) is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _parts(written: str) -> list[str]:
    """The names in a path of either system, without drive, leading slash and dots."""
    plain = PureWindowsPath(written) if "\\" in written else PurePosixPath(written)
    return [part for part in plain.parts if part not in (plain.anchor, ".", "")]


def _walked(root: Path, parts: list[str], endings: tuple[str, ...]) -> tuple[Path, str] | None:
    """The one file below `root` that the names fit, name by name, and how; None where there is none or there are several."""
    here, said = root, dict[str, None]()
    for number, part in enumerate(parts):
        if part == "..":
            here = here / part
            continue
        names = _listing(str(here))
        if names is None:
            return None
        last = number == len(parts) - 1
        fitting = _fitting(part, names, endings if last else ())
        if fitting is None:
            return None
        name, how = fitting
        here = here / name
        said.update(dict.fromkeys([how] if how else []))
    if not parts or not is_file(here):
        return None
    return here, " and ".join(said) or "name files by back-slashes or a leading slash"


def _fitting(part: str, names: frozenset[str], endings: tuple[str, ...]) -> tuple[str, str] | None:
    """The one name that is meant, and how; None where there is none or there are several."""
    if part in names:
        return part, ""
    for how in _OTHERWISE:
        same = _forms(names, how, ()).get(_form(part, how), ())
        if same:
            return (same[0], f"name files {how}") if len(same) == 1 else None
    for how in ("", *_OTHERWISE) if endings else ():
        same = _forms(names, how, endings).get(_form(part, how), ())
        if same:
            return (same[0], f"name files without their ending {how}".rstrip()) if len(same) == 1 else None
    return None


@lru_cache(maxsize=64)
def _forms(names: frozenset[str], how: str, endings: tuple[str, ...]) -> dict[str, list[str]]:
    """Names by what they have in common with others; with `endings` only those that have one, without it."""
    forms: dict[str, list[str]] = {}
    for name in names:
        if not endings:
            forms.setdefault(_form(name, how), []).append(name)
        elif name.lower().endswith(endings):
            forms.setdefault(_form(os.path.splitext(name)[0], how), []).append(name)
    return forms


def _form(name: str, how: str) -> str:
    """What names have in common that differ in this way alone."""
    if not how:
        return name
    composed = unicodedata.normalize("NFC", name)
    return composed.casefold() if how == _CASE else composed


def _listing(folder: str) -> frozenset[str] | None:
    """The names in a folder; None where there is no such folder."""
    try:
        changed = os.stat(folder).st_mtime_ns
        return _names(folder, changed)
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=64)
def _names(folder: str, changed: int) -> frozenset[str]:
    return frozenset(os.listdir(folder))


def hint(looked: Path, written: str, root: str | None) -> str:
    """What is there instead of a missing file, in words: its name elsewhere below the root, or the nearest one."""
    name = (_parts(written) or [""])[-1]
    base = Path(root or ".")
    for file in _below(base):
        if os.path.basename(file) == name or os.path.splitext(os.path.basename(file))[0] == name:
            return f"there is {file}{_root_for(file, written)}"
    folder = looked.parent
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    if folder != looked.parent:
        missing = looked.relative_to(folder).parts[0]
        there = sorted(_listing(str(folder)) or ())
        near = nearest(missing, there)
        nearby = f"; the nearest name in it is {near}" if near else ""
        return f"{folder} has no folder {missing}{nearby}"
    near = nearest(name, sorted(_listing(str(folder)) or ()))
    return f"the nearest name in {folder} is {near}" if near else f"no name in {folder} is like it"


def _root_for(file: str, written: str) -> str:
    """The root by which a path would lead to the file that was found."""
    tail = os.path.join(*_parts(written))
    if os.path.isabs(written) or "\\" in written or not file.endswith(os.sep + tail):
        return ""
    return f": input.root={file.removesuffix(os.sep + tail)} would find it"


def _below(folder: Path) -> Iterator[str]:
    walked = (os.path.join(here, name) for here, _, names in os.walk(folder) for name in names)
    return islice(walked, _SEARCHED)
