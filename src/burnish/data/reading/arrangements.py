"""Folders that a format knows by the names of what is in them: which file or folder is which split."""

from __future__ import annotations

from pathlib import Path

from burnish.core.component import component_class, kinds
from burnish.core.errors import InputError
from burnish.data.settings import Data
from burnish.data.sources import Arrangement, Source

_AXIS = "burnish.data.sources"


def sources_asked(data: Data) -> list[tuple[str, type[Source]]]:
    """The sources that may read a folder: the named one or all, those first that no other can be taken for."""
    named = kinds(_AXIS) if data.source is None else [data.source.kind()]
    classes = [(kind, component_class(_AXIS, kind)) for kind in named if ":" not in kind]
    sources = [(kind, cls) for kind, cls in classes if issubclass(cls, Source)]
    return sorted(sources, key=lambda one: not one[1].distinctive)


def arrangement_of(root: Path, data: Data) -> Arrangement | None:
    """What of a folder is read, where a format knows what is in it by names; None where none does."""
    found = (cls.arrangement(root) for _, cls in sources_asked(data))
    return next((known for known in found if known is not None), None)


def given_parts(known: Arrangement, root: Path, data: Data) -> Data:
    """The data with the splits of a folder named.

    Raises:
        InputError: none of them is for training.
    """
    parts = {p: [str(path) for path in paths] for p, paths in known.parts.items()}
    if "train" not in parts:
        raise InputError(
            f"the folder holds splits ({', '.join(Path(p).name for paths in parts.values() for p in paths)}), and none "
            "of them is for training",
            fix=f"name what is trained on: data: {{train: ..., {named_parts(known)}}}",
            place=str(root),
        )
    return data.model_copy(update={p: paths[0] if len(paths) == 1 else paths for p, paths in parts.items()})


def named_parts(known: Arrangement) -> str:
    """The splits as a recipe names them."""
    parts = {part: ", ".join(map(str, paths)) for part, paths in known.parts.items()}
    return ", ".join(f"{part}: {f'[{paths}]' if ', ' in paths else paths}" for part, paths in parts.items())
