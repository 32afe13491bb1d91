"""One of several data sets of a run: where it is, what its columns are called, and how often its rows are seen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, field_serializer, model_validator

from burnish.core.component import validated
from burnish.core.errors import InputError

IN_MEMORY = " in memory"
"""How the name ends under which a recipe that is written down knows rows that were given as objects."""
_ENDING = re.compile(r"[\w\])*]\.\w+$")
_PLACE = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})


class DataSet(BaseModel):
    """One of several data sets of a run."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
    place: Annotated[Any, _PLACE] = Field(description="As `data.train` of one data set.")
    weight: float = Field(
        1.0,
        gt=0,
        allow_inf_nan=False,
        description="How often an epoch sees its examples: 2 is twice, 0.5 half of them, the other half in the next epoch.",
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="From a column or part that the run knows to the column of this data set: {text: review}.",
    )
    name: str = Field("", description="What scores and messages call it; null: the name of the file or folder.")

    @model_validator(mode="before")
    @classmethod
    def _called(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and not values.get("name") and "place" in values:
            return {**values, "name": usual_name(values["place"])}
        return values

    @field_serializer("place", when_used="always")
    def _shown(self, value: Any) -> Any:
        return shown(value)


def shown(value: Any) -> Any:
    """A place as a recipe writes it down."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (list, tuple)) and value and all(isinstance(v, DataSet) for v in value):
        return [v.model_dump(mode="json") for v in value]
    if isinstance(value, (list, tuple)) and all(isinstance(v, (str, Path)) for v in value):
        return [str(v) for v in value]
    return value if value is None or isinstance(value, str) else f"{type(value).__name__}{IN_MEMORY}"


def usual_name(place: Any) -> str:
    """The name of a data set that is given none: of its file or folder without endings."""
    if isinstance(place, (list, tuple)) and place and all(isinstance(v, (str, Path)) for v in place):
        place = place[0]
    if not isinstance(place, (str, Path)):
        return "memory"
    text = str(place).strip().rstrip("/")
    last = Path(text).name
    return text if any(c in text for c in "*?[") else last.split(".")[0] or last or text


def data_sets(value: Any, part: str) -> Any:
    """The data sets that a list of mappings with `place` names, places of files among them; anything else as it is.

    Rows in memory are mappings as well: a list is one of data sets where each has a `place`, and either nothing but what
    a data set has, or a `place` that is written like a file.

    Args:
        value: what a recipe says of a split.
        part: of which.

    Raises:
        InputError: an unknown key, a weight that is none, two of one name, or a weight where rows are not trained on.
    """
    if not isinstance(value, (list, tuple)) or not any(_meant(item) for item in value):
        return value
    if not all(isinstance(item, (str, Path)) or _meant(item) for item in value):
        return value
    sets = [
        item
        if isinstance(item, DataSet)
        else validated(
            DataSet, dict(item) if isinstance(item, Mapping) else {"place": item}, place=f"data.{part}.{number}"
        )
        for number, item in enumerate(value)
    ]
    _require_different(sets, part)
    weighed = next((one for one in sets if one.weight != 1 and part != "train"), None)
    if weighed is not None:
        raise InputError(
            f"data set {weighed.name!r} has weight {weighed.weight:g}",
            expected="no weight: each example of validation and test is scored once",
            fix="leave it out; weights are for data.train",
            place=f"data.{part}",
        )
    return tuple(sets)


def named_sets(value: Any) -> tuple[DataSet, ...]:
    """The data sets of a split; none where it is one table."""
    return value if isinstance(value, tuple) and value and all(isinstance(v, DataSet) for v in value) else ()


def places_in(value: Any) -> Iterator[Any]:
    """What a split is read from, each place alone: of data sets, and of lists of paths."""
    if isinstance(value, DataSet):
        yield from places_in(value.place)
    elif isinstance(value, (list, tuple)) and value and all(isinstance(v, (str, Path, DataSet)) for v in value):
        for one in value:
            yield from places_in(one)
    else:
        yield value


def _meant(item: Any) -> bool:
    """Whether a mapping is a data set and no row."""
    if isinstance(item, DataSet):
        return True
    if not isinstance(item, Mapping) or "place" not in item:
        return False
    strange = [str(key) for key in item if key not in DataSet.model_fields]
    if not strange:
        return True
    place = item["place"]
    known = tuple(DataSet.model_fields)
    file = isinstance(place, Path) or (isinstance(place, str) and (bool(_ENDING.search(place)) or "/" in place))
    return file or all(get_close_matches(key, known, cutoff=0.75) for key in strange)


def _require_different(sets: Sequence[DataSet], part: str) -> None:
    names = [one.name for one in sets]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        places = " and ".join(str(shown(one.place)) for one in sets if one.name == twice)
        raise InputError(
            f"two data sets are called {twice!r}: {places}",
            expected="a name for each, by which it is scored",
            fix="name them: {place: ..., name: ...}",
            place=f"data.{part}",
        )
