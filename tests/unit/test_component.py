"""Typed axes: files are choices, settings are checked, and what is wrong is told with place, choices and nearest."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest
from pydantic import BaseModel, Field

from burnish.core.component import Component, build, component_class, kind_schema, kinds, validated
from burnish.core.errors import InputError
from burnish.losses import Loss
from burnish.losses.focal import Focal
from burnish.recipe.axes import AXES

PACKAGES = sorted([*AXES.values(), "burnish.runtimes"])
EVERY = [(axis, kind) for axis in PACKAGES for kind in kinds(axis)]


class Inner(BaseModel, extra="forbid"):
    """Settings inside settings."""

    patience: int = Field(3, ge=1)


class Outer(BaseModel, extra="forbid"):
    """Settings with others inside."""

    rate: float = 1.0
    inner: Inner | None = None
    needed: str = Field()


@pytest.mark.parametrize("axis", PACKAGES)
def test_the_public_files_of_a_package_are_its_kinds(axis: str) -> None:
    package = importlib.import_module(axis)
    names = [m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")]
    assert kinds(axis) == tuple(sorted(names))
    assert names


@pytest.mark.parametrize(("axis", "kind"), EVERY)
def test_a_kind_is_one_frozen_class_that_knows_its_name(axis: str, kind: str) -> None:
    cls = component_class(axis, kind)
    assert cls.kind() == kind
    assert cls.axis == axis
    assert cls.model_config["frozen"]
    assert cls.model_config["extra"] == "forbid"
    schema = kind_schema(axis, kind)
    assert schema["properties"]["kind"] == {"const": kind}
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(("axis", "kind"), EVERY)
def test_what_is_written_down_is_built_again_equal(axis: str, kind: str) -> None:
    cls = component_class(axis, kind)
    if any(info.is_required() for info in cls.model_fields.values()):
        pytest.skip("has settings without a default; its contract suite builds it")
    made = build(axis, {"kind": kind})
    assert made.model_dump()["kind"] == kind
    assert build(axis, made.model_dump(mode="json")) == made
    assert build(axis, made) is made
    assert hash(type(made)) == hash(cls)


@pytest.mark.parametrize("value", ["focal", {"kind": "focal"}, {"kind": "focal", "gamma": 2}, Focal()])
def test_a_name_a_mapping_and_an_object_are_the_same(value: Any) -> None:
    assert build("burnish.losses", value) == Focal()


def test_a_bare_word_is_the_name_of_a_model_and_the_kind_of_others() -> None:
    assert build("burnish.models", "some/name", default_kind="transformers").model_dump()["name"] == "some/name"
    assert build("burnish.losses", "huber").kind() == "huber"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("focl", ["loss: unknown kind 'focl'", "cross_entropy", "did you mean 'focal'?"]),
        ("zzz", ["unknown kind 'zzz'", "focal"]),
        ({"kind": "focal", "gama": 1}, ["loss.gama: unknown field", "gamma", "'gamma' instead of 'gama'"]),
        ({"kind": "focal", "gamma": -1}, ["loss.gamma: found -1"]),
        ({"kind": "focal", "gamma": "much"}, ["loss.gamma: found 'much'"]),
        ({"gamma": 1}, ["loss: `kind` is missing", "focal"]),
        ({"kind": ["focal"]}, ["unknown kind"]),
        (3, ["loss: found 3"]),
        (["focal"], ["loss: found ['focal']"]),
        ("os:system", ["code from outside burnish", "trust_code"]),
        ("_values", ["unknown kind '_values'"]),
    ],
)
def test_what_is_wrong_is_told(value: Any, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        build("burnish.losses", value, place="loss")
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "kind", ["os:system", "os:nothing", "no_such:Thing", "burnish.losses:Component", ":", "a:", ".a:B"]
)
def test_trusted_code_is_a_component_or_an_error_of_burnish(kind: str) -> None:
    with pytest.raises(InputError, match=r"could not be imported|not a component"):
        component_class("burnish.losses", kind, trust_code=True)


def test_building_leaves_the_settings_as_they_were() -> None:
    settings = {"kind": "focal", "gamma": 1}
    build("burnish.losses", settings)
    assert settings == {"kind": "focal", "gamma": 1}


@pytest.mark.parametrize(
    ("settings", "found", "fix"),
    [
        ({"needed": "x", "rat": 1}, "rat: unknown field; the fields here are: rate, inner, needed", "'rate'"),
        (
            {"needed": "x", "inner": {"patiense": 1}},
            "inner.patiense: unknown field; the fields here are: patience",
            "'patience'",
        ),
        ({"needed": "x", "inner": {"patience": 0}}, "inner.patience: found 0", ""),
        ({}, "needed: this field is required", ""),
    ],
)
def test_errors_of_settings_inside_settings_name_their_own_fields(
    settings: dict[str, Any], found: str, fix: str
) -> None:
    with pytest.raises(InputError) as caught:
        validated(Outer, settings)
    assert found in caught.value.found
    assert fix in caught.value.fix


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        validated(Outer, {"rate": "x", "inner": {"patience": 0}, "strange": 1})
    for name in ("rate", "inner.patience", "strange", "needed"):
        assert f"{name}: " in caught.value.found


def test_a_package_file_with_two_components_is_a_mistake_of_the_programmer(monkeypatch: pytest.MonkeyPatch) -> None:
    class Second(Focal):
        """Another in the same file."""

    module = importlib.import_module("burnish.losses.focal")
    Second.__module__ = module.__name__
    monkeypatch.setattr(module, "Second", Second, raising=False)
    with pytest.raises(TypeError, match="exactly one public component"):
        component_class("burnish.losses", "focal")


def test_components_are_settings_and_never_state() -> None:
    loss = build("burnish.losses", "focal")
    assert isinstance(loss, Loss)
    assert isinstance(loss, Component)
    with pytest.raises(Exception, match="frozen"):
        loss.gamma = 3  # type: ignore[attr-defined]
