"""What a recipe says about its data."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, WithJsonSchema, field_serializer, field_validator

from burnish.core.component import choice
from burnish.core.errors import InputError
from burnish.data.data_set import IN_MEMORY as IN_MEMORY
from burnish.data.data_set import DataSet, data_sets, shown
from burnish.data.sources import Source
from burnish.data.streaming.settings import Streaming

_ONE_OR_SEVERAL = {"anyOf": [{"type": "string"}, DataSet.model_json_schema()]}
_PLACE = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": _ONE_OR_SEVERAL}, {"type": "null"}]})


class Data(BaseModel):
    """Where the labelled rows are, and how they are read."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
    train: Annotated[Any, _PLACE] = Field(
        description="File, glob, folder of shards, list of them, hub name ('imdb', 'imdb[train]'), data in memory, or several "
        "data sets: [{place, weight, columns, name}]."
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
    share: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Share of the training examples that are learned from, of each class alike; the seed draws them, smaller "
        "shares lie inside larger ones.",
    )
    stream: Streaming | None = Field(
        None,
        description="Read training examples as a stream of Parquet shards, larger than memory and disk; true: as usual.",
    )
    cache: Path | None = Field(None, description="Folder for the Arrow cache; $BURNISH_CACHE or ~/.cache/burnish.")

    @field_validator("train", "validation", "test", mode="before")
    @classmethod
    def _several(cls, value: Any, info: ValidationInfo) -> Any:
        return data_sets(value, str(info.field_name))

    @field_validator("stream", mode="before")
    @classmethod
    def _usual(cls, value: Any) -> Any:
        return ({} if value else None) if isinstance(value, bool) else value

    @field_validator("train")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("name a file, a folder, a glob, a hub data set or data in memory")
        return value

    @field_serializer("train", "validation", "test", when_used="always")
    def _shown(self, value: Any) -> Any:
        return shown(value)


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
