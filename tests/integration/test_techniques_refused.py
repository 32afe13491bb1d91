"""Techniques that make no sense with the rest of a recipe are refused, with the reason, before anything is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from burnish.core.errors import InputError
from tests.integration.survival import Runs, events, runs
from tests.integration.survival_data import recipe
from tests.technique_cases import AXES, made


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with runs(tmp_path_factory.mktemp("refused")) as found:
        yield found


CASES: list[tuple[str, dict[str, Any], str]] = [
    ("label", {"penalty": "l2_sp", "adapter": "lora"}, "plain weight decay of it"),
    ("label", {"penalty": "l2_sp", "adapter": "head_only"}, "nothing of the body learns"),
    ("label", {"penalty": ["l2", {"kind": "l2", "strength": 0.1}]}, "named 2 times"),
    ("label", {"perturbation": ["r_drop", "fgm"]}, "each decide how often a batch goes through"),
    ("label", {"perturbation": "r_drop", "dropout": 0.0}, "no dropout"),
    ("image", {"perturbation": "fgm"}, "no embeddings of tokens"),
    ("image", {"perturbation": "neftune"}, "no embeddings of tokens"),
    ("chat", {"perturbation": "r_drop"}, "never has all outputs of a pass at once"),
    ("label", {"averaging": "wise_ft", "adapter": "lora"}, "a smaller update"),
    ("label", {"averaging": "wise_ft", "adapter": "head_only"}, "the body stays at its pretrained weights"),
    (
        "label",
        {"averaging": "greedy_soup", "split": {"validation": 0.0}, "allow": ["empty_split"]},
        "there is no validation split",
    ),
    ("label", {"perturbation": "neftune", "adapter": "head_only", "cache_features": "always"}, "acts inside the body"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "settings", "why"), CASES, ids=[f"{k}-{i}" for i, (k, _, _) in enumerate(CASES)])
def test_refused_with_the_reason(place: Runs, kind: str, settings: dict[str, Any], why: str, tmp_path: Path) -> None:
    """Nothing is written."""
    file = recipe(place.folder / f"{kind}-{settings.get('dropout', 0.1)}", kind, **settings)
    out = tmp_path / "run"
    child = place.start("train", file, "--out", out)
    assert child.end() == 2, child.output
    assert why in " ".join(child.output.split())
    assert "what to do" in child.output
    assert not (out / "recipe.yaml").exists()


@pytest.mark.slow
def test_a_technique_inside_a_frozen_body_is_computed_in_each_step(place: Runs, tmp_path: Path) -> None:
    file = recipe(place.folder / "inside", perturbation="neftune", adapter="head_only")
    place.complete("train", file, "--out", tmp_path / "run")
    assert any("'neftune' acts inside it" in note["text"] for note in events(tmp_path / "run", "note"))
    gap = json.loads((tmp_path / "run" / "scores.json").read_text(encoding="utf-8"))["gap"]
    assert gap["metric"] == "macro_f1"
    assert gap["difference"]["value"] == pytest.approx(gap["training"]["value"] - gap["validation"]["value"])


def test_float16_is_too_small_for_the_gradient_of_embeddings() -> None:
    """SAM, whose move does not depend on the scale, takes it."""
    chosen: Any = SimpleNamespace(
        input=SimpleNamespace(encoder="text encoder"), sampler=SimpleNamespace(packs=lambda: False), precision="float16"
    )
    with pytest.raises(InputError, match="underflows"):
        made(AXES["perturbation"], "fgm").check(chosen)
    made(AXES["perturbation"], "sam").check(chosen)


@pytest.mark.parametrize("adapter", ["lora", "head_only"])
@pytest.mark.parametrize("kind", ["l2_sp", "wise_ft"])
def test_what_measures_by_pretrained_weights_wants_them_to_learn(kind: str, adapter: str) -> None:
    chosen: Any = SimpleNamespace(adapter=SimpleNamespace(kind=lambda: adapter), model=SimpleNamespace())
    axis = AXES["penalty" if kind == "l2_sp" else "averaging"]
    with pytest.raises(InputError, match=adapter) as caught:
        made(axis, kind).check(chosen)
    assert caught.value.fix
    chosen.adapter = SimpleNamespace(kind=lambda: "full")
    made(axis, kind).check(chosen)
    chosen.model.random_weights = True
    with pytest.raises(InputError, match="random weights"):
        made(axis, kind).check(chosen)
