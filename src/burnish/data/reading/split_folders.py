"""Folders that are splits: which folder is which split, and what stands beside them."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from burnish.core.errors import InputError
from burnish.data.reading.visible import visible

PARTS = {"train": "train", "training": "train", "trn": "train"}
PARTS |= dict.fromkeys(("dev", "development", "val", "valid", "validation", "validate"), "validation")
PARTS |= dict.fromkeys(("test", "testing", "tst"), "test")
"""Words by which people call splits."""
ORDER = ("train", "validation", "test")
_FILLERS = {
    *("set", "sets", "data", "dataset", "split", "part", "seg", "folder", "files", "file", "samples", "examples"),
    *("images", "image", "imgs", "img", "pictures", "photos", "audio", "sounds", "sound", "clips", "wav", "wavs"),
    *("new", "final", "full", "small", "raw", "resized", "cropped", "labeled", "labelled", "texts", "text"),
}
_METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet", "labels.csv", "_annotations.csv")
_DEPTH = 3  # folders in folders that are unwrapped: seg_train/seg_train

Kind = Literal["classes", "table", "shards", "flat", "empty"]


@dataclass(frozen=True)
class Endings:
    """Endings of file names.

    Attributes:
        tables: of files that hold rows.
        media: of files that are rows.
    """

    tables: tuple[str, ...]
    media: tuple[str, ...]


@dataclass(frozen=True)
class Content:
    """What a folder holds.

    Attributes:
        kind: class folders; files of media with a table about them; tables; files of media alone; nothing.
        path: what to read: the folder, one deeper where it only wraps another, or the table.
        classes: names of the folders in it that hold media.
    """

    kind: Kind
    path: Path
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SplitFolders:
    """What a folder of folders is.

    Attributes:
        splits: part to what is read; empty where the folders are no splits.
        notes: what was passed over, in words.
    """

    splits: dict[str, Path] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def part_of(name: str) -> str:
    """The split that a name says (`Training_Set`, `seg_train`, `test2017`, `valset`); empty where it says none."""
    words = [w for w in re.findall(r"[a-z]+", _spaced(name).lower()) if w not in _FILLERS]
    parts = {_part_of_word(word) for word in words}
    return parts.pop() if len(parts) == 1 else ""


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def _part_among(name: str) -> str:
    """The split that one of the words of a name says, whatever stands beside it (`X_train`); empty where none or two do."""
    parts = {part for word in re.findall(r"[a-z]+", _spaced(name).lower()) if (part := _part_of_word(word))}
    return parts.pop() if len(parts) == 1 else ""


def _part_of_word(word: str) -> str:
    for known, part in PARTS.items():
        rest = word.removeprefix(known) if word.startswith(known) else word.removesuffix(known)
        if word == known or (rest != word and rest in _FILLERS):
            return part
    return ""


def layout(root: Path, endings: Endings, *, classes_meant: bool = False) -> SplitFolders:
    """The splits that the folders of a folder are.

    Folders named like splits are splits where one of them holds class folders, a table or shards. Empty and system
    folders, and test folders without labels, are passed over and said.

    Args:
        root: the folder.
        endings: of tables and media.
        classes_meant: whether the user has said that the folders are classes; names of splits are splits all the same.

    Raises:
        InputError: splits without training, two folders of one split, or folders that may be both.
    """
    folders = _folders(root)
    named = {folder: part for folder in folders if (part := part_of(folder.name))}
    contents = {folder: content(folder, endings) for folder in folders}
    held = [f for f in folders if f not in named and contents[f].kind != "empty"]
    whole = [f for f in named if contents[f].kind not in ("flat", "empty")]
    if any(contents[f].kind == "shards" for f in whole) and _tables_in(root, endings):
        return SplitFolders()
    if not whole:
        _refuse_flat_splits(root, [f for f in named if contents[f].kind == "flat"], named, endings)
        if not classes_meant:
            _refuse_shared_names(root, contents)
        return SplitFolders()
    parts = {named[f] for f in named if contents[f].kind != "empty"}
    if held and len(parts) < 2:
        if not classes_meant:
            _refuse_shared_names(root, contents)
            _refuse_either(root, whole, held)
        return SplitFolders()
    _refuse_twice(root, whole, named)
    splits = {named[f]: contents[f].path for f in whole}
    if "train" not in splits:
        if held and not classes_meant:
            _refuse_either(root, whole, held)
        if held or len(whole) == 1:
            return SplitFolders()
        raise InputError(
            f"the folder holds splits ({_names(whole)}), and none of them is for training",
            expected="a folder train/",
            fix="name what is trained on: data: {train: ..., " + _written(splits) + "}",
            place=str(root),
        )
    ordered = {part: splits[part] for part in ORDER if part in splits}
    return SplitFolders(ordered, tuple(_notes(root, ordered, contents, folders, endings)))


def _notes(
    root: Path, splits: dict[str, Path], contents: dict[Path, Content], folders: Sequence[Path], endings: Endings
) -> list[str]:
    used = {f for f in folders if contents[f].path in splits.values()}
    said = [f"{root}: the folders are splits: " + ", ".join(f"{part} is {path}" for part, path in splits.items())]
    for folder in folders:
        if folder in used:
            continue
        kind = contents[folder].kind
        count = sum(1 for _ in _files(folder, endings.media))
        if kind == "flat" and part_of(folder.name):
            said.append(f"{folder}: {count:,} files without class folders or a table have no labels and are not read")
        elif count or kind == "shards":
            said.append(f"{folder}: no split by its name; what it holds is not read ({count:,} files)")
        else:
            said.append(f"{folder}: holds nothing to learn from and is passed over")
    system = sorted(e.name for e in os.scandir(root) if e.is_dir() and not visible(e.name))
    if system:
        said.append(f"{root}: passed over: {', '.join(system[:10])}")
    return said


def content(folder: Path, endings: Endings, depth: int = _DEPTH) -> Content:
    """What a folder holds; where it is nothing but a wrapping of another one, what that holds."""
    entries = [e for e in os.scandir(folder) if visible(e.name)]
    files = sorted(e.name for e in entries if e.is_file())
    media = any(name.lower().endswith(endings.media) for name in files)
    tables = [n for n in files if n.lower().endswith(endings.tables) and not _about(n)]
    folders = _folders(folder)
    if media or _media_of(folders, endings):
        table = next((n for n in tables if n.lower() in _METADATA), tables[0] if len(tables) == 1 else None)
        if table is not None:
            return Content("table", folder / table)
    if media:
        return Content("flat", folder)
    holding = [f for f in folders if _holds(f, endings.media)]
    if len(holding) == 1 and depth and not tables:
        inner = content(holding[0], endings, depth - 1)
        if inner.kind in ("classes", "table"):
            return inner
    if holding:
        return Content("classes", folder, tuple(f.name for f in holding))
    shards = any(not _about(Path(name).name) for name in _files(folder, endings.tables))
    return Content("shards" if shards else "empty", folder)


def _tables_in(folder: Path, endings: Endings) -> bool:
    names = [e.name for e in os.scandir(folder) if e.is_file() and visible(e.name)]
    return any(n.lower().endswith(endings.tables) and not _about(n) for n in names)


def _media_of(folders: Sequence[Path], endings: Endings) -> bool:
    """Whether the only folder beside a table holds files that it may name: split/metadata.csv, split/images/1.jpg."""
    return len(folders) == 1 and part_of(folders[0].name) == "" and _holds(folders[0], endings.media)


def _about(name: str) -> bool:
    """Whether a file is about the data rather than data."""
    return name.lower().startswith(("readme", "license", "licence", "classes", "notes")) or name.lower().endswith(
        (".txt", ".txt.gz")
    )


def _folders(root: Path) -> list[Path]:
    return sorted(Path(e.path) for e in os.scandir(root) if e.is_dir() and visible(e.name))


def _files(folder: Path, endings: tuple[str, ...]) -> Iterator[str]:
    """The visible files below a folder with these endings, found one at a time."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if visible(name))
        yield from (os.path.join(here, n) for n in names if visible(n) and n.lower().endswith(endings))


def _holds(folder: Path, endings: tuple[str, ...]) -> bool:
    return any(True for _ in _files(folder, endings))


def _refuse_flat_splits(root: Path, flat: Sequence[Path], named: dict[Path, str], endings: Endings) -> None:
    """Files that lie in train/ and test/ themselves would make classes of the splits."""
    parts = {named[f] for f in flat}
    if len(parts) < 2 or "train" not in parts or _tables_in(root, endings):
        return
    raise InputError(
        f"the folders {_names(flat)} are named like splits and hold files without class folders: they are no classes",
        expected="one folder for each class in each split, or a table with the labels",
        fix="sort the files into folders, or give a table of paths and labels for each split (metadata.csv in it)",
        place=str(root),
    )


def _refuse_shared_names(root: Path, contents: dict[Path, Content]) -> None:
    """Folders that hold the same folders are years, sites or parts; what they hold are the classes."""
    held = {f: set(c.classes) for f, c in contents.items() if c.kind == "classes"}
    beside = {f.name for f in contents}
    inside = [f for f, names in held.items() if len(names & beside) >= 2]
    if inside:
        raise InputError(
            f"the folder {inside[0].name} holds folders that are called like those beside it "
            f"({', '.join(sorted(held[inside[0]] & beside)[:5])}): it is a split or a copy, no class",
            fix=f"move the class folders beside it into a folder of their own (train/), or move {inside[0].name} away",
            place=str(root),
        )
    counts = Counter(name for names in held.values() for name in names)
    shared = sorted(name for name, count in counts.items() if count > 1 and 2 * count >= len(held))
    few = len(held) < 2 or len(shared) < 2 or len(held) < sum(c.kind != "empty" for c in contents.values())
    if few or any(2 * len(names.intersection(shared)) < len(names) for names in held.values()):
        return
    joined = f"data.train: [{', '.join(str(f) for f in held)}]"
    likely = {part: f for f in held if (part := _part_among(f.name))}
    if "train" in likely and len(likely) == len(held):
        joined = f"data: {{{_written(likely)}}}"
    raise InputError(
        f"the folders {_names(list(held))} all hold folders called {', '.join(shared[:5])}: those may be the classes",
        expected="folders whose names are the classes",
        fix=f"{joined} learns {', '.join(shared[:3])}; data.source: image_folder (or audio_folder) learns "
        f"{_names(list(held))[:60]}",
        place=str(root),
    )


def _refuse_either(root: Path, splits: Sequence[Path], others: Sequence[Path]) -> None:
    raise InputError(
        f"{_names(splits)} looks like a split, but {_names(others)} beside it does not",
        expected="folders that are all splits, or all classes",
        fix=f"name the splits: data: {{train: {splits[0]}, ...}}, or say data.source: image_folder (or audio_folder) where "
        "all of them are classes",
        place=str(root),
    )


def _refuse_twice(root: Path, folders: Sequence[Path], named: dict[Path, str]) -> None:
    for part in ORDER:
        alike = [f for f in folders if named[f] == part]
        if len(alike) > 1:
            raise InputError(
                f"the folders {_names(alike)} are all named like the {part} split",
                fix=f"name what is meant: data: {{{part}: [{', '.join(map(str, alike))}], ...}} reads all of them",
                place=str(root),
            )


def _names(folders: Sequence[Path]) -> str:
    return ", ".join(f.name for f in folders[:6]) + (f" and {len(folders) - 6} more" if len(folders) > 6 else "")


def _written(splits: dict[str, Path]) -> str:
    return ", ".join(f"{part}: {path}" for part, path in splits.items())
