"""Values of events as trackers need them: valid JSON, flat scalars, flat parameters."""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np

from burnish.core.errors import InputError
from burnish.core.events import Event


def installed(extra: str, *names: str) -> None:
    """Look for top-level modules without importing them.

    Raises:
        InputError: one is not there; names the extra that installs it.
    """
    for name in names:
        try:
            there = importlib.util.find_spec(name) is not None
        except (ImportError, ValueError):
            there = False
        if not there:
            raise _missing(extra, f"{name!r} is not installed")


def _missing(extra: str, why: str) -> InputError:
    fix = f"pip install 'burnish[{extra}]', or take {extra!r} out of `trackers`"
    return InputError(f"tracker {extra!r} needs a library: {why}", fix=fix)


def library(name: str, extra: str) -> Any:
    """The module `name`.

    Raises:
        InputError: it is not installed; names the extra that installs it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise _missing(extra, str(error)) from error


def json_ready(values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy that is valid JSON: numpy values become plain ones, and what is not finite becomes null.

    Where a number was not finite, an entry `nonfinite` maps its dotted place to 'nan', 'inf' or '-inf'.
    """
    nonfinite: dict[str, str] = {}
    ready = {str(name): _plain(value, str(name), nonfinite) for name, value in values.items()}
    return {**ready, "nonfinite": nonfinite} if nonfinite else ready


def _plain(value: Any, place: str, nonfinite: dict[str, str]) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        nonfinite[place] = str(value)
        return None
    if isinstance(value, Mapping):
        return {str(k): _plain(v, f"{place}.{k}", nonfinite) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v, f"{place}.{i}", nonfinite) for i, v in enumerate(value)]
    return value.as_posix() if isinstance(value, PurePath) else str(value)


def number(value: Any) -> float | None:
    """`value` as a float, also when it is nan or infinite; None when it is no number."""
    if isinstance(value, (bool, str)) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def flattened(values: Mapping[str, Any], separator: str = ".", prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one level of dotted names."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        place = f"{prefix}{separator}{name}" if prefix else str(name)
        if isinstance(value, Mapping):
            flat.update(flattened(value, separator, place))
        else:
            flat[place] = value
    return flat


def scalars(event: Event) -> dict[str, float]:
    """The curves an event adds a point to, named `train/loss`, `validation/f1`, `test/f1/low` ..."""
    values = event.values
    named: dict[str, Any] = {}
    if event.name == "step":
        for name in ("loss", "learning_rate", "gradient_norm", "padding_ratio", "epoch"):
            named[f"train/{name}"] = values.get(name)
        seconds = number(values.get("seconds")) or 0.0
        if seconds > 0:
            for name in ("rows", "tokens"):
                amount = number(values.get(name))
                named[f"train/{name}_per_second"] = None if amount is None else amount / seconds
        named.update(flattened(values.get("groups") or {}, "/", "gradient_norm"))
    elif event.name == "validation":
        named.update(flattened(values.get("scores") or {}, "/", "validation"))
        named["validation/loss"] = values.get("loss")
    elif event.name == "test":
        named.update(flattened(values.get("scores") or {}, "/", "test"))
    points = {name: number(value) for name, value in named.items()}
    return {name: value for name, value in points.items() if value is not None}
