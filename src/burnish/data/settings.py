"""What a recipe says about its data."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, field_serializer, field_validator

from burnish.core.component import choice
from burnish.core.errors import InputError
from burnish.data.sources import Source

_PLACE = WithJsonSchema(
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]}
)

IN_MEMORY = " in memory"
"""How the name ends under which a recipe that is written down knows rows that were given as objects."""


class Data(BaseModel):
    """Where the labelled rows are, and how they are read."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
    train: Annotated[Any, _PLACE] = Field(
        description="File, glob, folder of shards, list of them, hub name ('imdb', 'imdb[train]'), or data in memory."
    )
    validation: Annotated[Any, _PLACE] = Field(
        None, description="The same for validation; made from train if left out."
    )
    test: Annotated[Any, _PLACE] = Field(
        None, description="The same for the held-out test; made from train if left out."
    )
    source: Annotated[Source | None, *choice("burnish.data.sources")] = Field(
        None, description="Format; found by the file's ending when left out."
    )
    encoding: str | None = Field(None, description="Text encoding of the files; found when left out.")
    delimiter: str | None = Field(None, description="What separates fields in CSV files; found when left out.")
    hub_config: str | None = Field(None, description="Configuration of a hub data set.")
    hub_split: str | None = Field(None, description="Split of a hub data set that is read as train ('train').")
    cache: Path | None = Field(None, description="Folder for the Arrow cache; $BURNISH_CACHE or ~/.cache/burnish.")

    @field_validator("train")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("name a file, a folder, a glob, a hub data set or data in memory")
        return value

    @field_serializer("train", "validation", "test", when_used="always")
    def _shown(self, value: Any) -> Any:
        if isinstance(value, Path):
            return str(value)
        if isinstance(value, (list, tuple)) and all(isinstance(v, (str, Path)) for v in value):
            return [str(v) for v in value]
        return value if value is None or isinstance(value, str) else f"{type(value).__name__}{IN_MEMORY}"


def cache_folder(given: Path | None) -> Path:
    """The cache: the given folder, else $BURNISH_CACHE, else ~/.cache/burnish."""
    if given is not None:
        return Path(given).expanduser()
    return Path(os.environ.get("BURNISH_CACHE") or Path.home() / ".cache" / "burnish").expanduser()


def cache_unwritable(folder: Path, error: OSError) -> InputError:
    """The error for a cache in which a file could not be written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return InputError(
        f"the cache folder {'is on a full disk' if full else 'cannot be written'}: {error.strerror or error}",
        fix="free some space, or name another folder with $BURNISH_CACHE or `data.cache`",
        place=str(folder),
    )
