"""A tree of class folders of images."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from burnish.core.errors import InputError
from burnish.data.file_index import FileIndex
from burnish.data.settings import cache_folder
from burnish.data.sources import PIECE_ROWS, Notify, Rows, Source
from burnish.inputs._pictures import ENDINGS, look_version, looked_at


class ImageFolder(Source):
    """Class folders of images: every folder is a label, every image below it a row with `image` (path) and `label`.

    Classes and files stand in the order of their names. Hidden files are passed over; what is no image by its ending,
    and images outside any class folder, are counted and said. Linked folders are followed, each once.
    """

    holds_paths: ClassVar[bool] = True

    @classmethod
    def reads_folder(cls, folder: Path) -> bool:
        """Whether a folder in it holds an image; looks no further than the first."""
        return any(next(_walk(child, _Found()), None) is not None for child in _folders(folder))

    def read(self, where: Any) -> Iterator[Rows]:
        """The rows in pieces, with paths as the folder was given: usable from the working directory.

        Raises:
            InputError: no class folder has an image, or a name that is not Unicode.
        """
        root = Path(where)
        found = _Found()
        images: list[str] = []
        labels: list[str] = []
        for label, relative in self._rows(root, found):
            images.append(str(root / relative))
            labels.append(label)
            if len(images) == PIECE_ROWS:
                yield Rows({"image": images, "label": labels})
                images, labels = [], []
        yield Rows({"image": images, "label": labels}, notes=tuple(found.notes()))

    def digest(self, where: Any, cache: Path | None = None, notify: Notify | None = None) -> str:
        """A sha256 of the folder's name and of each file's relative path and sha256; unchanged files are not read again.

        The images are looked at on the way, so that a large folder is read from disk once and not twice.
        """
        root = Path(where)
        names = [relative for _, relative in self._rows(root, _Found())]
        total = hashlib.sha256(f"{root}\n".encode("utf-8", "surrogatepass"))
        with FileIndex(cache_folder(cache), looked_at, look_version()) as index:
            for name, seen in zip(names, index.seen((root / n for n in names), len(names), notify), strict=True):
                total.update(f"{name}\x1f{seen.sha256}\n".encode())
        return total.hexdigest()

    def _rows(self, root: Path, found: _Found) -> Iterator[tuple[str, str]]:
        """Label and relative path of each image."""
        empty = True
        for entry in _entries(root, found):
            if not entry.is_dir():
                if entry.name.lower().endswith(ENDINGS):
                    found.loose += 1
                else:
                    found.add_other(entry.name)
        for folder in _folders(root):
            images = 0
            for path in _walk(folder, found):
                relative = os.path.relpath(path, root)
                _require_unicode(relative, root)
                yield folder.name, relative
                images += 1
            empty = empty and not images
            if not images:
                found.empty.append(folder.name)
        if empty:
            raise InputError(
                "no class folder with images" + (f", but {found.loose} images without one" if found.loose else ""),
                expected="one folder for each class, with files that end in one of " + ", ".join(ENDINGS),
                fix="sort the images into folders, or give a table with their paths and labels",
                place=str(root),
            )


@dataclass
class _Found:
    """What was met on the way and is no row."""

    others: Counter[str] = field(default_factory=Counter)
    names: list[str] = field(default_factory=list)
    loose: int = 0
    dangling: int = 0
    empty: list[str] = field(default_factory=list)
    visited: set[tuple[int, int]] = field(default_factory=set)

    def add_other(self, name: str) -> None:
        """A file whose ending is not that of an image."""
        self.others[Path(name).suffix.lower() or "no ending"] += 1
        if len(self.names) < 5:
            self.names.append(name)

    def notes(self) -> list[str]:
        """All of it in words."""
        said = []
        if self.others:
            kinds = ", ".join(f"{count:,} {ending}" for ending, count in self.others.most_common(5))
            said.append(
                f"{self.others.total():,} files are no images and not read ({kinds}; such as {', '.join(self.names)})"
            )
        if self.loose:
            said.append(f"{self.loose:,} images lie in no class folder and are not read")
        if self.dangling:
            said.append(f"{self.dangling:,} links lead nowhere and are not read")
        if self.empty:
            said.append(f"folders without images are no classes: {', '.join(self.empty[:10])}")
        return said


def _folders(root: Path) -> list[Path]:
    """The visible folders directly below, by name."""
    return sorted((Path(e.path) for e in _entries(root, _Found()) if e.is_dir()), key=lambda path: path.name)


def _entries(folder: str | Path, found: _Found) -> list[os.DirEntry[str]]:
    """What is visible in a folder, by name.

    Raises:
        InputError: the folder cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            visible = sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", place=str(folder)) from error
    there = [e for e in visible if e.is_dir() or e.is_file()]
    found.dangling += len(visible) - len(there)
    return there


def _walk(folder: Path, found: _Found) -> Iterator[str]:
    """Paths of the images below a folder: the files of each folder, then its sub-folders."""
    status = folder.stat()
    if (status.st_dev, status.st_ino) in found.visited:
        return
    found.visited.add((status.st_dev, status.st_ino))
    entries = _entries(folder, found)
    for entry in entries:
        if entry.is_file():
            if entry.name.lower().endswith(ENDINGS):
                yield entry.path
            else:
                found.add_other(entry.name)
    for entry in entries:
        if entry.is_dir():
            yield from _walk(Path(entry.path), found)


def _require_unicode(name: str, root: Path) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InputError(f"a file name that is not Unicode: {name!r}", fix="rename the file", place=str(root)) from None
