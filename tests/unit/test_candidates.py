"""Which checkpoints are compared, and what is known of them."""

from __future__ import annotations

import json

import pytest

from burnish.core.errors import InputError
from burnish.recipe.recipe import Recipe
from burnish.stages.choose.candidates import Candidate, candidates
from burnish.stages.choose.facts import WORD, facts_of


def _checkpoint(folder, **config):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def models(tmp_path):
    _checkpoint(tmp_path / "models" / "text", model_type="bert")
    _checkpoint(tmp_path / "models" / "picture", architecture="resnet18")
    (tmp_path / "models" / "notes").mkdir()
    return tmp_path / "models"


def test_a_folder_of_checkpoints_stands_for_each(models):
    found = candidates([str(models)])
    assert [(one.name, one.model["kind"]) for one in found] == [("picture", "timm"), ("text", "transformers")]


def test_folders_of_the_environment_and_the_starter(models, monkeypatch):
    monkeypatch.setenv("BURNISH_MODELS", str(models))
    assert [one.name for one in candidates(())] == ["picture", "text", "starter"]


def test_a_list_with_settings(models, tmp_path):
    file = tmp_path / "list.yaml"
    file.write_text(
        f"- {models / 'text'}\n- {{name: small, model: {{kind: timm, name: resnet10t}}, input: {{size: 64}}, adapter: lora}}\n"
    )
    small = candidates((), file)[1]
    assert small == Candidate(
        "small", {"kind": "timm", "name": "resnet10t"}, {"input": {"size": 64}, "adapter": {"kind": "lora"}}
    )
    recipe = Recipe.load({"data": "a.csv", "input": {"kind": "image", "column": "picture"}, "target": "label"})
    with_it = small.recipe(recipe, seed=4)
    assert with_it.input.size == 64
    assert with_it.input.column == "picture"
    assert with_it.adapter.kind() == "lora"
    assert with_it.model.name == "resnet10t"
    assert with_it.seed == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("starter\n", "found str"),
        ("- {name: a}\n", "candidate {'name': 'a'}"),
        ("- {model: a, weights: b}\n", "candidate {'model': 'a', 'weights': 'b'}"),
        ("- a\n", "found 1 checkpoint "),
        ("- a\n- a\n", "two candidates are called 'a'"),
    ],
)
def test_lists_that_cannot_be_read(tmp_path, text, said):
    file = tmp_path / "list.yaml"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        candidates((), file)
    assert said in caught.value.found


def test_facts_of_a_card(tmp_path):
    folder = _checkpoint(tmp_path / "m", model_type="bert")
    (folder / "README.md").write_text("---\nlicense: cc-by-nc-4.0\nlanguage: [de, en]\n---\n# A model\n")
    found = facts_of(folder)
    assert (found.licence, found.free, found.languages) == ("cc-by-nc-4.0", False, ("de", "en"))
    (folder / "README.md").unlink()
    assert facts_of(folder).licence == ""


def test_words_in_scripts_without_spaces_are_characters():
    assert WORD.findall("Die 2 Züge, 今天晚上 ok") == ["Die", "2", "Züge", "今", "天", "晚", "上", "ok"]
