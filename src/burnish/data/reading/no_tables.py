"""Folders that are no table: files without labels, and splits that would become one table."""

from __future__ import annotations

import re
from pathlib import Path

from burnish.core.component import component_class, kinds
from burnish.core.errors import InputError
from burnish.data.reading.split_folders import PARTS

_AXIS = "burnish.data.sources"


def refuse_unsorted(files: list[Path], text: str) -> None:
    """A folder of images or sounds that lie in no class folder has no labels.

    Raises:
        InputError: there are such files.
    """
    for cls in (component_class(_AXIS, kind) for kind in kinds(_AXIS)):
        endings = getattr(cls, "endings", ())
        count = sum(f.name.lower().endswith(endings) for f in files) if endings else 0
        if count:
            thing = getattr(cls, "thing", "file")
            raise InputError(
                f"{count:,} {thing}s that lie in no class folder",
                expected="one folder for each class",
                fix=f"sort the {thing}s into folders, or give a table with their paths and labels",
                place=text,
            )


def refuse_splits(shards: list[Path], text: str) -> None:
    """A folder with train.csv and test.csv is a data set already split: reading it as one table would leak its test.

    Raises:
        InputError: its names are those of splits.
    """
    parts: dict[str, Path] = {}
    for shard in shards:
        word = re.split(r"[^a-z]+", shard.name.lower())[0]
        if word in PARTS:
            parts.setdefault(PARTS[word], shard)
    if len(parts) > 1:
        raise InputError(
            f"the folder holds splits ({', '.join(sorted(p.name for p in parts.values()))}), not shards of one table",
            fix="name them: " + ", ".join(f"{part}: {shard}" for part, shard in sorted(parts.items(), reverse=True)),
            place=text,
        )
