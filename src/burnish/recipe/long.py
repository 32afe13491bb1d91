"""`long:`, what becomes of rows that are longer than the network reads at once, written into the input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from burnish.core.component import Component, build, component_class
from burnish.core.errors import InputError, unknown
from burnish.long import Long, Windowed

AUTO = "auto"
"""Compared on validation before the run."""
USUAL = {"text": "text", "picture": "image"}
"""The input that is meant where none is named, by what its rows are read as."""
INSTEAD = {
    "waveform": "recordings are cut into windows without it: input.seconds and input.overlap",
    "other": "this input cuts its rows itself, or has one size: see its settings with `burnish list inputs`",
}


def apply_long(values: dict[str, Any]) -> None:
    """Write the way into `input.long`, in place; `auto` stays.

    Args:
        values: of a recipe; shorthands of its task are written out.

    Raises:
        InputError: an unknown way or setting, two ways, or an input that has none.
    """
    given = values.get("long")
    if given is None:
        values["long"] = None
        return
    if given == AUTO or (isinstance(given, Mapping) and given.get("kind") == AUTO):
        values["long"] = {"kind": AUTO, **shared_settings(given)}
        _refuse_second(values, AUTO)
        values["input"] = _input_with(values, {}, USUAL["text"])
        return
    long = cast(Long, build("burnish.long", given, place="long", trust_code=values.get("trust_code") is True))
    _refuse_second(values, long.kind())
    values["input"] = _input_with(values, {"long": long}, USUAL[long.of])
    values["long"] = None


def shared_settings(given: Any) -> dict[str, Any]:
    """What `auto` says of the windows of all ways that have some.

    Raises:
        InputError: a setting that is not theirs.
    """
    settings = {name: value for name, value in given.items() if name != "kind"} if isinstance(given, Mapping) else {}
    if strange := [name for name in settings if name not in Windowed.model_fields]:
        raise unknown("field", strange[0], ["kind", *Windowed.model_fields], place="long")
    build("burnish.long", {"kind": "slide", **settings}, place="long")  # a wrong value is told of `long`
    return settings


def _refuse_second(values: Mapping[str, Any], kind: str) -> None:
    named = values.get("input")
    own = named.get("long") if isinstance(named, Mapping) else getattr(named, "long", None)
    if own is not None:
        raise InputError(
            f"long is {kind!r}, and input.long is there as well", fix="leave out one of the two", place="long"
        )


def _input_with(values: Mapping[str, Any], more: Mapping[str, Any], usual: str) -> Any:
    """The input as it is written, with a kind and more settings."""
    named = values.get("input")
    if isinstance(named, Component):
        _require_long(type(named), named.kind())
        return named if not more else {"kind": named.kind(), **_said(named), **more}
    settings = {"kind": named} if isinstance(named, str) else dict(named or {})
    settings.setdefault("kind", usual)
    if ":" not in str(settings["kind"]):
        _require_long(component_class("burnish.inputs", str(settings["kind"]), place="input"), str(settings["kind"]))
    return {**settings, **more}


def _said(component: Component) -> dict[str, Any]:
    return {name: getattr(component, name) for name in component.model_fields_set}


def _require_long(cls: type[Component], kind: str) -> None:
    if "long" in cls.model_fields:
        return
    read_as = getattr(cls, "read_as", "")
    raise InputError(
        f"`long` with input {kind!r}",
        expected="texts or pictures that are classified or scored",
        fix=INSTEAD.get(read_as, INSTEAD["other"]),
        place="long",
    )
