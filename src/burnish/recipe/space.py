"""What a recipe leaves open: `learning_rate: {sweep: [1e-5, 1e-4], log: true}`, `optimizer: {choices: [adamw, lion]}`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from burnish.core.errors import InputError
from burnish.recipe.text import scalar

RANGE, CHOICES = "sweep", "choices"
MOST_STEPS = 1000
_LEFT = object()


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included.

    Attributes:
        low, high: the ends.
        log: whether each doubling is as likely as the next.
        step: between two neighbours; None: any number, of whole ones each.
        whole: whether only whole numbers are meant: both ends are written as such.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None
    whole: bool = False

    def values(self, place: str) -> list[float]:
        """All of them, for a grid.

        Raises:
            InputError: they are without number.
        """
        step = self.step or (1 if self.whole and not self.log else None)
        if step is None or (self.high - self.low) / step > MOST_STEPS:
            raise InputError(
                "a grid over a range without steps", expected="a few values", fix=f"{{{CHOICES}: [...]}}, or a step",
                place=place,
            )  # fmt: skip
        count = int((self.high - self.low) / step + 1e-9) + 1
        made = [self.low + step * i for i in range(count)]
        return [int(value) for value in made] if self.whole else made


@dataclass(frozen=True)
class Choices:
    """One of several values, each anything that could stand there; they may leave something open themselves."""

    values: tuple[Any, ...]

    @property
    def labels(self) -> list[str]:
        """Each by its kind where these differ, else on one line as a recipe says it."""
        kinds = [_called(value) for value in self.values]
        return kinds if len(set(kinds)) == len(kinds) else [scalar(value) for value in self.values]


class Draw(Protocol):
    """Who decides; places are dotted names."""

    def number(self, place: str, among: Range) -> float:
        """A number of a range."""

    def label(self, place: str, labels: list[str]) -> str:
        """One of several labels."""


def left_open(value: Any, place: str = "") -> Range | Choices | None:
    """What a value of a recipe leaves open; None where it says what it says.

    Raises:
        InputError: it means to leave something open and does not say what.
    """
    if not isinstance(value, Mapping) or not ({RANGE, CHOICES} & set(value)):
        return None
    if set(value) == {CHOICES} and isinstance(value[CHOICES], list) and value[CHOICES]:
        found = Choices(tuple(value[CHOICES]))
        if len(set(found.labels)) < len(found.labels):
            raise InputError(f"the same choice twice: {', '.join(found.labels)}", place=place)
        return found
    ends = value.get(RANGE)
    numbers = isinstance(ends, list) and len(ends) == 2 and all(_is_number(end) for end in ends)
    if not numbers or not set(value) <= {RANGE, "log", "step"}:
        raise InputError(
            f"found {scalar(value)}",
            expected="{sweep: [low, high]} with two numbers, and log: true or step: NUMBER; or {choices: [a, b, c]}",
            place=place,
        )
    low, high = cast("list[float]", ends)
    log, step = value.get("log", False), value.get("step")
    wrong = not low < high or (log and low <= 0) or (log and step is not None)
    if wrong or not isinstance(log, bool) or not (step is None or (_is_number(step) and step > 0)):
        raise InputError(
            f"found {scalar(value)}",
            expected="low < high; with log both above 0 and no step; a step above 0",
            place=place,
        )
    return Range(low, high, log, step, all(isinstance(v, int) for v in (low, high, *([] if step is None else [step]))))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def open_places(settings: Mapping[str, Any]) -> dict[str, Range | Choices]:
    """All that a recipe leaves open, by dotted place; of choices that leave something open as well, `place.CHOICE.inner`."""
    return dict(_open(settings, ""))


def _open(value: Any, place: str) -> Iterator[tuple[str, Range | Choices]]:
    found = left_open(value, place)
    if found is not None:
        yield place, found
    if isinstance(found, Choices):
        for inner in found.values:
            yield from _open(inner, f"{place}.{_called(inner)}")
    elif found is None:
        for name, item in _items(value):
            yield from _open(item, f"{place}.{name}" if place else name)


def _items(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [(str(name), item) for name, item in value.items()]
    return [(str(i), item) for i, item in enumerate(value)] if isinstance(value, list) else []


def _called(value: Any) -> str:
    return str(value.get("kind", value.get("name", "choice"))) if isinstance(value, Mapping) else scalar(value)


def drawn(settings: Mapping[str, Any], draw: Draw) -> dict[str, Any]:
    """The settings with a value in each open place."""

    def fill(found: Range | Choices, place: str) -> Any:
        if isinstance(found, Range):
            return draw.number(place, found)
        value = found.values[found.labels.index(draw.label(place, found.labels))]
        return _filled(value, f"{place}.{_called(value)}", fill)

    made: dict[str, Any] = _filled(settings, "", fill)
    return made


def as_usual(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without what they leave open: there the recipe's default stands."""
    made: dict[str, Any] = _filled(settings, "", lambda found, place: _LEFT)
    return made


def _filled(value: Any, place: str, fill: Callable[[Range | Choices, str], Any]) -> Any:
    found = left_open(value, place)
    if found is not None:
        return fill(found, place)
    made = [(name, _filled(item, f"{place}.{name}" if place else name, fill)) for name, item in _items(value)]
    if isinstance(value, Mapping):
        return {name: item for name, item in made if item is not _LEFT}
    return [item for _, item in made if item is not _LEFT] if isinstance(value, list) else value


def grid(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every combination of what is left open, by place, choices as their labels.

    Raises:
        InputError: a range without steps, choices that leave something open themselves, or too many combinations.
    """
    places = open_places(settings)
    for place, found in places.items():
        if isinstance(found, Choices) and any(open_places({"v": value}) for value in found.values):
            raise InputError("a grid over choices that leave something open", fix="sampler random or tpe", place=place)
    values = [f.labels if isinstance(f, Choices) else f.values(place) for place, f in places.items()]
    made = [dict(zip(places, combination, strict=True)) for combination in itertools.product(*values)]
    if len(made) > MOST_STEPS:
        raise InputError(f"a grid of {len(made):,} combinations", expected=f"{MOST_STEPS:,} at most", place="--sampler")
    return made


def require_closed(settings: Mapping[str, Any]) -> None:
    """Check that settings leave nothing open.

    Raises:
        InputError: they do, and only a sweep knows what to do with that.
    """
    # Rows may be given as objects under `data`, by the million: nothing is left open there.
    place = next(iter(open_places({name: value for name, value in settings.items() if name != "data"})), None)
    if place is not None:
        raise InputError(
            "this is left open, and one run needs one value",
            expected="a value",
            fix=f"search for it: burnish sweep RECIPE --out FOLDER; or name one: {place}=VALUE",
            place=place,
        )
