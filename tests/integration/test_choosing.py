"""Checkpoints compared whole: measured, ranked, trained briefly, and a recipe that trains."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import burnish
from burnish.core.errors import InputError
from burnish.recipe.recipe import Recipe
from burnish.recipe.text import load_file
from burnish.stages.choose import choose as stage
from burnish.stages.choose.brief import on
from burnish.stages.choose.candidates import candidates
from burnish.stages.choose.halving import halved
from burnish.stages.choose.measured import Cost
from burnish.stages.choose.written import chosen_into
from burnish.workers import workers_of
from tests.integration import tiny_runs

ALLOW = ["test_rows_in_train"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("choosing")
    tiny_runs.write_jsonl(made / "rows.jsonl", tiny_runs.rows("label") * 2)
    (made / "models").mkdir()
    for name in ("one", "two", "three"):
        checkpoint = Path(tiny_runs.checkpoint_at(made / "made" / name, "bert"))
        checkpoint.rename(made / "models" / name)
    (made / "models" / "two" / "README.md").write_text("---\nlicense: cc-by-nc-4.0\nlanguage: en\n---\n")
    return made


def settings(folder: Path, **more: Any) -> dict[str, Any]:
    plain = tiny_runs.settings("label", str(folder / "models" / "one"), str(folder / "rows.jsonl"))
    return {**plain, "allow": ALLOW, **more}


def cheap(monkeypatch: pytest.MonkeyPatch, latencies: dict[str, float]) -> None:
    """Costs as given, instead of a process of its own for each."""

    def cost(recipe: Recipe) -> Cost:
        return Cost(2**30, None, 0.5, latencies[Path(recipe.model.name).name])

    monkeypatch.setattr(stage, "cost_of", cost)


def test_whole(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cheap(monkeypatch, {"one": 0.03, "two": 0.01, "three": 0.02})
    said: list[str] = []
    recipe, given = Recipe.load(settings(folder)), candidates([str(folder / "models")])
    wishes = stage.Wishes(rows=40, steps=2)
    found = chosen_into(tmp_path / "choice", recipe, given, wishes, said.append)
    written = json.loads((tmp_path / "choice" / "choice.json").read_text())
    assert {one["name"] for one in written["candidates"]} == {"one", "two", "three"}
    # Equal weights: equal scores, so that the fastest is taken, and its speed said.
    assert written["chosen"] == "two"
    assert len({json.dumps(one["scores"]) for one in written["candidates"]}) == 1
    assert [len(of) for of in written["trained"]["rounds"]] == [3, 2]
    assert [of[0]["steps"] for of in written["trained"]["rounds"]] == [2, 6]
    page = (tmp_path / "choice" / "choice.md").read_text()
    assert "cc-by-nc-4.0" in page
    assert (tmp_path / "choice" / "choice.png").stat().st_size > 5000
    trained = load_file(tmp_path / "choice" / "recipe.yaml")
    assert Path(trained["model"]["name"]).name == "two"
    assert Recipe.load(trained) == found.recipe


def test_what_does_not_fit_is_left_out_with_the_reason(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cheap(monkeypatch, {"one": 0.03, "two": 0.01, "three": 0.02})
    recipe, given = Recipe.load(settings(folder)), candidates([str(folder / "models")])
    found = stage.choose(recipe, given, stage.Wishes(language="de", latency=0.025, rows=40, confirmed=0), print)
    refused = {one.candidate.name: one.refused for one in found.seen}
    assert refused == {"one": "an answer takes 30 ms", "two": "its card names en, not de", "three": ""}
    with pytest.raises(InputError, match="no checkpoint is left"):
        stage.choose(recipe, given, stage.Wishes(free=True), print)


def test_auto_chooses_once(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNISH_MODELS", str(folder / "models"))
    monkeypatch.setattr("burnish.stages.choose.candidates._named", _without_starter)
    cheap(monkeypatch, {"one": 0.03, "two": 0.01, "three": 0.02})
    monkeypatch.setattr("burnish.stages.choose.automatic.Wishes", lambda: stage.Wishes(rows=40, confirmed=0))
    recipe = settings(folder, max_steps=2, model={"kind": "transformers", "name": "auto"})
    out = tmp_path / "run"
    burnish.train(recipe, out=out)
    kept = json.loads((out / "choice.json").read_text())
    assert kept["chosen"] == "two"
    assert load_file(out / "recipe.yaml")["model"]["name"].endswith("two")
    assert "Checkpoints compared" in (out / "report.md").read_text()
    assert "Checkpoints compared" in (out / "report.html").read_text()


def _without_starter(name: str) -> list[Any]:
    from burnish.stages.choose.candidates import _at

    return [] if name == "starter" else [_at(path) for path in sorted(Path(name).iterdir())]


@pytest.mark.slow
def test_costs_are_measured_in_a_process_of_its_own(folder: Path) -> None:
    from burnish.stages.choose.measured import cost_of

    found = cost_of(Recipe.load(settings(folder)))
    assert found.memory is None or 100 * 2**20 < found.memory < 4 * 2**30
    assert 0 < found.latency < 5
    assert found.step > 0


def test_tags_are_refused(tmp_path: Path) -> None:
    tiny_runs.write_jsonl(tmp_path / "rows.jsonl", tiny_runs.rows("tags"))
    model = tiny_runs.checkpoint_at(tmp_path / "model", "bert")
    recipe = Recipe.load({**tiny_runs.settings("tags", model, str(tmp_path / "rows.jsonl")), "allow": ALLOW})
    with pytest.raises(InputError, match="cannot be compared for target 'tags'"):
        stage.choose(recipe, candidates(["starter", model]), stage.Wishes(), print)


@pytest.mark.slow
def test_side_by_side_is_one_after_the_other(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same scores and the same choice; one that cannot be trained costs the others nothing."""
    monkeypatch.setenv("BURNISH_CACHE", str(tmp_path / "cache"))
    recipes = {
        name: Recipe.load(settings(folder, model={"kind": "transformers", "name": str(folder / "models" / name)}))
        for name in ("one", "two")
    }
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{}")
    recipes["broken"] = Recipe.load(settings(folder, model={"kind": "transformers", "name": str(broken)}))
    alone = halved(recipes, 2, print)
    beside = halved(recipes, 2, print, on(workers_of("local:2")))
    assert [[(one.name, one.value, one.behind) for one in of] for of in beside.rounds] == [
        [(one.name, one.value, one.behind) for one in of] for of in alone.rounds
    ]
    assert [bool(one.refused) for one in beside.rounds[0]] == [False, False, True]
    assert (beside.last, beside.metric, beside.rows) == (alone.last, alone.metric, alone.rows)
    assert list((tmp_path / "cache" / "trials").iterdir()) == []
