"""From what people write as data (path, glob, folder, hub name, objects) to the places rows are read from."""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from burnish.core.component import component_class, kinds, validated
from burnish.core.errors import InputError, nearest
from burnish.data.reading.arrangements import arrangement_of, given_parts, named_parts, sources_asked
from burnish.data.reading.endings import kind_of, known_endings, table_endings
from burnish.data.reading.no_tables import refuse_splits, refuse_unsorted
from burnish.data.reading.split_folders import content, layout, part_of
from burnish.data.reading.visible import visible
from burnish.data.settings import IN_MEMORY, Data
from burnish.data.sources import Arrangement, Source

_AXIS = "burnish.data.sources"
_HUB_NAME = re.compile(r"(?P<name>[\w.-]+(/[\w.-]+)?)(\[(?P<split>[^\]]+)\])?")
_SAVED = ("dataset_dict.json", "dataset_info.json")


@dataclass(frozen=True)
class Place:
    """One thing rows are read from: what the source is given, how people call it, and the source."""

    where: Any
    shown: str
    source: Source


def locate(what: Any, data: Data, part: str) -> tuple[list[Place], list[str]]:
    """The places behind `what`, in the order their rows stand, and notes on what was left aside.

    Args:
        what: a path, glob, folder, hub name, list of those, or data in memory.
        data: settings of reading.
        part: `train`, `validation` or `test`; a hub data set's split is chosen by it.

    Raises:
        InputError: nothing there (with the nearest name), unknown ending, or a folder without shards.
    """
    if isinstance(what, (list, tuple)) and what and all(isinstance(v, (str, Path)) for v in what):
        places: list[Place] = []
        notes: list[str] = []
        for value in what:
            located, said = locate(value, data, part)
            places += located
            notes += said
        return places, notes
    if not isinstance(what, (str, Path)):
        return [Place(what, f"{part} data in memory", _source(data, "memory"))], []
    text = str(what).strip()
    if not text:
        raise InputError("the name of the data is empty", place=f"data.{part}")
    path = Path(text).expanduser()
    if path.is_dir():
        return _folder(path, text, data, part)
    if path.exists():
        return [Place(path, text, _file_source(path, data))], []
    if any(c in text for c in "*?[") and (data.source is None or data.source.kind() != "hub"):
        matches = sorted(m for m in glob.glob(str(path), recursive=True) if Path(m).is_file())
        if matches:
            return [Place(Path(m), m, _file_source(Path(m), data)) for m in matches], []
    if (hub := _hub(text, data, part)) is not None:
        return [hub], []
    raise _missing(path, text)


def _hub(text: str, data: Data, part: str) -> Place | None:
    """The place on the hub, when this can be the name of one."""
    match = _HUB_NAME.fullmatch(text)
    chosen = data.source is not None and data.source.kind() == "hub"
    if match is None or not (chosen or (data.source is None and kind_of(Path(match["name"])) is None)):
        return None
    if not chosen and "/" in match["name"] and Path(match["name"]).parent.is_dir():
        return None  # a file missing from a folder that is here
    if not chosen and Path(match["name"]).suffix:
        return None
    source = _split_source(data, part, match["split"])
    return Place(match["name"], f"{match['name']}[{getattr(source, 'split', '')}]", source)


def _split_source(data: Data, part: str, split: str | None) -> Source:
    source = _source(data, "hub")
    named = "split" in source.model_fields_set and part == "train"
    return source if named and split is None else source.model_copy(update={"split": split or part})


def _source(data: Data, kind: str) -> Source:
    """A source of this kind with what the settings say about it."""
    given = data.source.model_dump() if data.source is not None and data.source.kind() == kind else {}
    if data.source is not None and given:
        given = {name: getattr(data.source, name) for name in data.source.model_fields_set}
    cls = component_class(_AXIS, kind, place="data.source")
    settings = {"encoding": data.encoding, "delimiter": data.delimiter}
    settings |= {"config": data.hub_config, "split": data.hub_split}
    given |= {k: v for k, v in settings.items() if v is not None and k in cls.model_fields and k not in given}
    source = validated(cls, given, place="data")
    assert isinstance(source, Source)
    return source


def _file_source(path: Path, data: Data) -> Source:
    if data.source is not None:
        if ":" in data.source.kind():
            return data.source
        return _source(data, data.source.kind())
    kind = kind_of(path)
    if kind is None:
        raise InputError(
            f"unknown ending {path.suffix!r}" if path.suffix else "the file has no ending",
            expected="one of " + ", ".join(sorted(table_endings())),
            fix="rename the file, or name its format (`source: csv`)",
            place=str(path),
        )
    return _source(data, kind if data.delimiter else _by_content(path) or kind)


def _by_content(path: Path) -> str:
    """The kind of source that knows a file by its first lines, whatever its ending; empty where none does."""
    classes = ((kind, component_class(_AXIS, kind)) for kind in kinds(_AXIS))
    return next((kind for kind, cls in classes if issubclass(cls, Source) and cls.recognises(path)), "")


def given_splits(data: Data) -> Data:
    """As `splits_of`, without its notes."""
    return splits_of(data)[0]


def splits_of(data: Data) -> tuple[Data, tuple[str, ...]]:
    """The same data with `train`, `validation` and `test` named where `train` is a folder of such folders, and what is said.

    Files train.csv and test.csv in one folder are not taken apart; they are refused with their names.

    Raises:
        InputError: folders that may be splits or classes.
    """
    alone = data.validation is None and data.test is None and isinstance(data.train, (str, Path))
    root = Path(str(data.train)).expanduser()
    if not alone or not root.is_dir():
        return data, ()
    if any((root / name).is_file() for name in _SAVED):
        return data, ()
    if (known := arrangement_of(root, data)) is not None:
        return given_parts(known, root, data), known.notes
    if data.source is None and (tables := _tables_of_media(root, data)):
        note = (
            f"{root}: tables beside the folders of their files are read ({', '.join(p.name for p in tables.values())})"
        )
        return data.model_copy(update={part: str(path) for part, path in tables.items()}), (note,)
    if data.source is not None and not type(data.source).holds_paths:
        return data, ()
    arranged = layout(root, known_endings(data), classes_meant=data.source is not None)
    if not arranged.splits:
        return data, ()
    update: dict[str, Any] = {part: str(folder) for part, folder in arranged.splits.items()}
    if any(folder.is_file() for folder in arranged.splits.values()):
        update["source"] = None
    return data.model_copy(update=update), arranged.notes


def _tables_of_media(root: Path, data: Data) -> dict[str, Path]:
    """Split to table, of one for each split, or of one beside one folder of files; beside several it may be a mere note."""
    beside = [f for f in sorted(root.iterdir()) if visible(f.name)]
    tables = [f for f in beside if f.is_file() and kind_of(f) is not None and f.suffix.lower() != ".txt"]
    parts, media = {part_of(f.stem): f for f in tables}, known_endings(data).media
    holding = [f for f in beside if f.is_dir() and any(name.suffix.lower() in media for name in f.iterdir())]
    if len(tables) == len(holding) == 1:
        return {"train": tables[0]}
    if "" in parts or "train" not in parts or len(parts) < len(tables):
        return {}
    return parts if holding else {}


def _whole(path: Path, data: Data) -> str:
    """The kind of source that reads a folder as one thing; empty where it is a folder of files."""
    return next((kind for kind, cls in sources_asked(data) if cls.reads_folder(path)), "")


def _class_folders(path: Path, text: str, data: Data, kind: str) -> tuple[list[Place], list[str]]:
    """The place of a folder that is read as one thing, after a look at what else it could be."""
    others = [k for k in kinds(_AXIS) if k != kind and data.source is None]
    also = [k for k in others if issubclass(cls := component_class(_AXIS, k), Source) and cls.reads_folder(path)]
    if also:
        raise InputError(
            f"the folder fits {kind} and {', '.join(also)}", fix=f"say which: data.source: {kind}", place=text
        )
    endings, meant = known_endings(data), data.source is not None
    parts = layout(path, endings, classes_meant=meant).splits
    if parts:
        raise InputError(
            f"the folder holds splits ({', '.join(sorted(f.name for f in parts.values()))}), not classes",
            fix="name them: " + ", ".join(f"{p}: {folder}" for p, folder in parts.items()),
            place=text,
        )
    beside = [f for f in sorted(path.iterdir()) if f.is_file() and visible(f.name) and f.name[0] != "_"]
    # A text beside class folders is a note about them; the source says that it was not read.
    tables = [f for f in beside if kind_of(f) is not None and f.suffix.lower() != ".txt"]
    inner = content(path, endings)
    if inner.path != path and not meant and not tables:
        raise InputError(
            f"the folder holds nothing but the folder {inner.path.relative_to(path)}, which holds the data",
            expected="one folder for each class",
            fix=f"name the folder inside: {inner.path}",
            place=text,
        )
    if tables and data.source is None:
        raise InputError(
            f"the folder holds a table ({tables[0].name}) and folders of files",
            fix=f"name the table ({tables[0]}), or say data.source={kind} where the folders are the classes",
            place=text,
        )
    return [Place(path, text, _source(data, kind))], []


def _folder(path: Path, text: str, data: Data, part: str) -> tuple[list[Place], list[str]]:
    if any((path / name).is_file() for name in _SAVED):
        source = _split_source(data, part, None)
        saved_splits = (path / _SAVED[0]).is_file()
        return [Place(path, f"{text}[{getattr(source, 'split', '')}]" if saved_splits else text, source)], []
    if (known := arrangement_of(path, data)) is not None:
        return _parts_of(known, path, text, data)
    if kind := _whole(path, data):
        if getattr(component_class(_AXIS, kind), "distinctive", False):
            return [Place(path, text, _source(data, kind))], []
        return _class_folders(path, text, data, kind)
    if data.source is not None and type(data.source).holds_paths:
        return [Place(path, text, data.source)], []  # it says itself what is missing
    files = sorted(f for f in path.rglob("*") if f.is_file() and not _hidden(f.relative_to(path)))
    shards = [f for f in files if kind_of(f) is not None and not f.name.lower().startswith("readme")]
    if data.source is not None:
        shards = [f for f in shards if kind_of(f) == data.source.kind()] or files
    if not shards:
        refuse_unsorted(files, text)
        raise InputError(
            f"not a table: a folder without data files ({len(files)} other files)" if files else "the folder is empty",
            expected="files that end in one of " + ", ".join(sorted(table_endings())),
            place=text,
        )
    refuse_splits(shards, text)
    kinds = {(kind_of(f) or "").removesuffix("l") for f in shards}
    if data.source is None and len(kinds) > 1:
        raise InputError(
            f"the folder mixes formats: {', '.join(sorted({kind_of(f) or '' for f in shards}))}",
            fix="give a glob such as 'folder/*.csv', or `source: csv`",
            place=text,
        )
    aside = [f.name for f in files if f not in set(shards)]
    notes = [f"{text}: {len(shards)} {'file' if len(shards) == 1 else 'files'} read in the order of their names"]
    if aside:
        notes.append(f"{text}: {len(aside)} other files not read ({', '.join(aside[:5])})")
    return [Place(f, str(Path(text) / f.relative_to(path)), _file_source(f, data)) for f in shards], notes


def _parts_of(known: Arrangement, path: Path, text: str, data: Data) -> tuple[list[Place], list[str]]:
    """The places of a folder that a format knows by what is in it, where that is one split."""
    if len(known.parts) > 1:
        names = [inside.name for paths in known.parts.values() for inside in paths]
        raise InputError(
            f"the folder holds splits ({', '.join(names)}), not one table",
            fix=f"name them: data: {{{named_parts(known)}}}",
            place=text,
        )
    (paths,) = known.parts.values()
    places: list[Place] = []
    for inside in paths:
        places += locate(str(Path(text) / inside.relative_to(path)), data, "train")[0]
    return places, list(known.notes)


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def _missing(path: Path, text: str) -> InputError:
    folder = path.parent
    while not folder.is_dir():
        path, folder = folder, folder.parent
    names = sorted(f.name for f in folder.iterdir())
    guess = nearest(path.name, names)
    if any(c in text for c in "*?["):
        return InputError("no file matches this pattern", fix="check the pattern and the folder", place=text)
    if text.endswith(IN_MEMORY):
        return InputError(
            "the rows were in memory when the run began",
            expected="the same rows",
            fix="give them again in Python: burnish.train(recipe, data=ROWS, out=RUN, resume=True)",
            place=text,
        )
    return InputError(
        "no such file or folder" + ("" if str(path) == text else f": {path} does not exist"),
        expected="a file, folder, glob or hub name",
        fix=f"did you mean {str(folder / guess)!r}?" if guess else f"check the path; looked in {folder.resolve()}",
        place=text,
    )
