"""Recipes as text: what YAML says, where it is wrong, overrides, and commented YAML that reads back as equal."""

from __future__ import annotations

import math
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from burnish.core.component import choice
from burnish.core.errors import InputError
from burnish.losses import Loss
from burnish.optimizers import Optimizer
from burnish.recipe.text import Line, dumps, load_file, loads, overridden, scalar
from burnish.recipe.written import commented, shorthands


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3e-5", 3e-5),
        ("1E6", 1e6),
        ("-.5", -0.5),
        ("2.", 2.0),
        ("0", 0),
        ("-12", -12),
        ("007", "007"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("1_000", "1_000"),
        ("", None),
        ("null", None),
        ("~", None),
        (".inf", math.inf),
        ("[a, 1, 2e3]", ["a", 1, 2000.0]),
        ("{no: 1, 2: x}", {"no": 1, "2": "x"}),
    ],
)
def test_scalars_mean_what_people_mean(text: str, value: Any) -> None:
    found = loads(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: 1\nb: [1,\n", "line 3, column 1", "flow"),
        ("a: b: c", "line 1, column 5", "quotes"),
        ("a:\n\tb: 1", "line 2, column 1", "tabs"),
        ("loss: focal\nepochs: 3\nloss: huber", "line 3, column 1", "the first is in line 1"),
        ("a: {b: 1, b: 2}", "line 1, column 11", "second time"),
        ("a: &x [*x]", "line 1, column 8", "contains itself"),
        ("a: !!python/object:os.system x", "line 1, column 4", "could not determine"),
        ("a: \x07", "line 1", "does not allow"),
        ("? [a]\n: 1", "line 1, column 3", "must be a word"),
    ],
)
def test_syntax_errors_name_line_and_column_and_show_the_line(text: str, place: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        loads(text, place="recipe.yaml")
    assert caught.value.place.startswith(f"recipe.yaml, {place}")
    assert words in str(caught.value)


def test_the_shown_line_has_a_mark_under_the_column() -> None:
    with pytest.raises(InputError) as caught:
        loads("epochs: 3\nloss: a: b\n")
    assert str(caught.value).splitlines()[1:3] == ["  loss: a: b", "         ^"]


def test_a_file_is_read_and_a_bad_one_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("\ufeffepochs: 3\nlearning_rate: 3e-5\n", encoding="utf-8")
    assert load_file(path) == {"epochs": 3, "learning_rate": 3e-5}
    path.write_text("")
    assert load_file(path) == {}
    path.write_text("- a")
    with pytest.raises(InputError, match="found a list"):
        load_file(path)
    path.write_bytes(b"a: \xff\xfe")
    with pytest.raises(InputError, match="not UTF-8"):
        load_file(path)
    with pytest.raises(InputError, match="burnish new"):
        load_file(tmp_path / "absent.yaml")
    with pytest.raises(InputError, match="cannot be read"):
        load_file(tmp_path)


@pytest.mark.parametrize(
    ("settings", "overrides", "expected"),
    [
        ({}, ["learning_rate=3e-5"], {"learning_rate": 3e-5}),
        ({"loss": "cross_entropy"}, ["loss.kind=focal"], {"loss": {"kind": "focal"}}),
        ({"loss": "focal"}, ["loss.gamma=3"], {"loss": {"kind": "focal", "gamma": 3}}),
        ({"loss": "huber"}, ["loss.gamma=3", "loss.kind=focal"], {"loss": {"kind": "focal", "gamma": 3}}),
        ({"loss": {"kind": "focal"}}, ["loss=huber"], {"loss": "huber"}),
        ({"model": "starter"}, ["model.revision=main"], {"model": {"name": "starter", "revision": "main"}}),
        ({"loss": None}, ["loss.kind=focal"], {"loss": {"kind": "focal"}}),
        (
            {"trackers": ["console", "wandb"]},
            ["trackers.1.project=x"],
            {"trackers": ["console", {"kind": "wandb", "project": "x"}]},
        ),
        ({"trackers": ["console"]}, ["trackers.0=jsonl"], {"trackers": ["jsonl"]}),
        ({}, ["data.train=[a.csv, b.csv]"], {"data": {"train": ["a.csv", "b.csv"]}}),
        ({}, ["group="], {"group": None}),
        ({}, ["data.train=x=y.csv"], {"data": {"train": "x=y.csv"}}),
    ],
)
def test_overrides(settings: dict[str, Any], overrides: list[str], expected: dict[str, Any]) -> None:
    assert overridden(settings, overrides, {"model": "name"}).settings == expected


def test_another_kind_starts_afresh_and_says_what_it_dropped() -> None:
    settings = {"loss": {"kind": "cross_entropy", "label_smoothing": 0.1}}
    result = overridden(settings, ["loss.kind=focal"])
    assert result.settings == {"loss": {"kind": "focal"}}
    assert result.notes == ["loss: 'focal' instead of 'cross_entropy'; dropped its label_smoothing=0.1"]
    assert settings == {"loss": {"kind": "cross_entropy", "label_smoothing": 0.1}}
    assert overridden(settings, ["loss.kind=cross_entropy"]).settings == settings


@pytest.mark.parametrize(
    "override", ["epochs", "=3", "a..b=1", "loss=[1", "epochs.x=2", "trackers.7.kind=x", "trackers.x=1"]
)
def test_a_bad_override_is_explained(override: str) -> None:
    with pytest.raises(InputError):
        overridden({"epochs": 3, "trackers": ["console"]}, [override])


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first draw of a loaded machine
@given(value=plain, name=st.text(max_size=8), comment=st.text(max_size=20))
def test_whatever_is_written_reads_back_as_equal(value: Any, name: str, comment: str) -> None:
    assert loads(scalar(value)) == value
    text = dumps([Line(name, value, comment if comment.isprintable() else ""), Line("z" * 9, 1)])
    assert loads(text) == {name: value, "z" * 9: 1}


@pytest.mark.parametrize(
    "text", ["3e-5", "no", "true", "null", "~", "1:30", "007", "12", "", " x ", "a: b", "a #b", "\u2028", "\x85"]
)
def test_text_that_looks_like_something_else_stays_text(text: str) -> None:
    assert loads(scalar(text)) == text
    assert len(scalar(text).splitlines()) == 1


class Colour(Enum):
    RED = "red"


class Stopping(BaseModel):
    patience: int = Field(3, description="How long to wait.")


class SmallRecipe(BaseModel):
    loss: Annotated[Loss, *choice("burnish.losses")] = Field(
        "focal", validate_default=True, description="What is minimised."
    )
    other: Annotated[Loss | None, *choice("burnish.losses")] = Field(None, description="A second one.")
    several: Annotated[list[Optimizer], *choice("burnish.optimizers")] = Field(
        ["adamw", {"kind": "sgd", "weight_decay": 0}], validate_default=True, description="Many."
    )
    stopping: Stopping | None = Field(None, description="When to stop.")
    nested: Stopping = Field(default_factory=Stopping, description="Always there.")
    colour: Colour = Field(Colour.RED, description="Of the bar.")
    where: Path | None = Field(Path("a/b"), description="A folder.")
    mode: Literal["stop", "skip"] = Field("stop", description="What to do.")
    label: str = Field("3e-5", description="A name: with a colon\nand a second line.")
    rate: float = Field(3e-5, description="Small.")
    counts: dict[str, float] = Field({"no": 1.0, "2": 2.0}, description="By label.")


def test_commented_settings_read_back_as_equal() -> None:
    recipe = SmallRecipe()
    text = commented(recipe)
    assert SmallRecipe.model_validate(loads(text)) == recipe


def test_every_field_is_there_with_its_comment_and_what_else_could_stand_there() -> None:
    text = commented(SmallRecipe())
    lines = {line.split(":")[0]: line for line in text.splitlines() if not line.startswith(" ")}
    assert list(lines) == list(SmallRecipe.model_fields)
    assert "Other kinds: balanced_softmax, binary_cross_entropy, cross_entropy, ctc, huber" in lines["loss"]
    assert "Kinds: balanced_softmax, binary_cross_entropy" in lines["other"]
    assert lines["stopping"].endswith("# When to stop. Settings: patience.")
    assert lines["mode"].endswith("# What to do. One of: stop, skip.")
    assert "  gamma: 2.0" in text
    assert "  - kind: adamw" in text
    assert "rate: 3e-05" in text


def test_shorthands_are_those_of_the_axes() -> None:
    assert shorthands(SmallRecipe) == {"loss": "kind", "other": "kind", "several": "kind"}


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[2] / "recipes").glob("*.yaml")), ids=lambda path: path.stem
)
def test_both_readers_read_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """libyaml's is used where nothing in the text is read otherwise by it; the other one explains mistakes."""
    written = path.read_text(encoding="utf-8")
    quick = loads(written)
    monkeypatch.setattr("burnish.recipe.text._Quick", None)
    assert loads(written) == quick


@pytest.mark.parametrize("strange", ["a: &x {b: *x}", "a:\tb", "!", "a: [x, *y]"])
def test_what_libyaml_reads_otherwise_is_not_left_to_it(strange: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def outcome() -> str:
        try:
            return repr(loads(strange))
        except InputError as error:
            return str(error)

    said = outcome()
    monkeypatch.setattr("burnish.recipe.text._Quick", None)
    assert outcome() == said
