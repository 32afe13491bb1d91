"""Long documents and large pictures, and networks of folds: trained, bundled, exported, answered without torch, and served."""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

import burnish
from burnish.cli.commands import run as command
from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.recipe.recipe import Recipe
from burnish.server.app import create
from burnish.server.settings import Settings
from burnish.stages.train.run import run
from tests.checkpoints import tiny_checkpoint
from tests.image_cases import picture
from tests.integration.tiny_runs import QUICK, write_jsonl
from tests.vision_cases import checkpoint as vision_checkpoint

pytestmark = pytest.mark.slow
WORDS = (
    "card",
    "parcel",
    "film",
    "late",
    "lost",
    "broken",
    "new",
    "home",
    "town",
    "order",
    "never",
    "arrived",
    "money",
)
PLACES = [folder / "shared" / "data" / "bbc_news" / "train.csv" for folder in Path(__file__).parents]


def documents() -> list[dict[str, str]]:
    """News articles, where the data is at hand; else made ones, as long. Of three topics, 48 in all."""
    file = next((place for place in PLACES if place.is_file()), None)
    if file is not None:
        with file.open(encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        of = [[row for row in rows if row["label"] == label][:16] for label in ("business", "sport", "tech")]
        chosen = [row for some in zip(*of, strict=True) for row in some]
        # The tiny tokenizer knows few words and spells the others: 150 words are some 600 tokens, twenty windows.
        return [{"text": " ".join(row["text"].split()[:150]), "label": row["label"]} for row in chosen]
    stream = random.Random(0)
    made = [[stream.choice(WORDS) for _ in range(stream.choice([20, 100, 300]))] for _ in range(48)]
    return [{"text": " ".join(words), "label": "abc"[number % 3]} for number, words in enumerate(made)]


ROWS = documents()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("long") / "bert", texts=[row["text"] for row in ROWS])


def settings(folder: Path, checkpoint: Path, **more: Any) -> dict[str, Any]:
    usual = {
        **QUICK,
        "epochs": 1,
        "golden_examples": 2,
        "split": {"kind": "stratified", "validation": 0.25, "test": 0.25},
    }
    return {
        "data": str(write_jsonl(folder / "rows.jsonl", ROWS)),
        "target_column": "label",
        "input": {"columns": ["text"], "max_length": 48},
        "model": str(checkpoint),
        **usual,
        **more,
    }


def probabilities(folder: Path, runtime: str, texts: list[str]) -> np.ndarray[Any, Any]:
    answers = burnish.load(folder, runtime=runtime)(texts)
    return np.array([list(answer.probabilities.values()) for answer in answers])


@pytest.mark.parametrize(
    "long", [{"kind": "slide", "joining": "attention"}, {"kind": "hierarchical"}, "slide"], ids=str
)
def test_a_bundle_of_windows_is_exported_answers_without_torch_and_is_served(
    long: Any, checkpoint: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    run(Recipe.load(settings(tmp_path, checkpoint, long=long)), out=folder)
    audit = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    assert audit["figures"]["truncation"]["train"]["lost_share"] == 0
    said = (folder / "events.jsonl").read_text(encoding="utf-8")
    assert "windows an example, at most" in said
    assert "windows an example, at most" in (folder / "report.md").read_text(encoding="utf-8")
    assert command(["export", str(folder), "--to", "onnx"]) == 0
    texts = [row["text"] for row in ROWS[:6]] + ["short", ""]
    expected = probabilities(folder, "torch", texts)
    np.testing.assert_allclose(probabilities(folder, "onnx", texts), expected, atol=1e-4)
    np.testing.assert_allclose(
        probabilities(folder, "torch", texts[:1]), expected[:1], atol=1e-5
    )  # alone as among others
    program = (
        "import sys, json\n"
        "sys.modules.update({name: None for name in ('torch', 'transformers', 'pyarrow', 'pandas')})\n"
        "import burnish\n"
        f"texts = json.load(open({str(tmp_path / 'texts.json')!r}))\n"
        f"print(json.dumps([list(a.probabilities.values()) for a in burnish.load({str(folder)!r}, runtime='onnx')(texts)]))\n"
    )
    (tmp_path / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    np.testing.assert_allclose(np.array(json.loads(done.stdout)), expected, atol=1e-4)
    served = create(Settings(bundles=[str(folder)], runtime="onnx", max_characters=20_000))
    with TestClient(served) as client:
        answers = client.post("/predict", json=[{"text": text} for text in texts]).json()["answers"]
        assert [a["answer"] for a in answers] == [a.answer for a in burnish.load(folder, runtime="onnx")(texts)]
        refused = client.post("/predict", json={"text": "word " * 5000}).json()
        assert "more than 20,000 characters" in json.dumps(refused)
    for options, words in ((["--static"], "any number of windows"), (["--raw"], "without torch")):
        assert command(["export", str(folder), "--to", "onnx", *options, "--out", str(tmp_path / "out")]) != 0, words


def test_the_way_is_chosen_on_validation_and_the_table_is_in_the_report(checkpoint: Path, tmp_path: Path) -> None:
    long = {"kind": "auto", "window": 32, "max_windows": 3}
    run(Recipe.load(settings(tmp_path, checkpoint, long=long)), out=tmp_path / "run")
    found = json.loads((tmp_path / "run" / "long.json").read_text(encoding="utf-8"))
    ways = {way["way"]: way for way in found["ways"]}
    assert set(ways) >= {"head", "tail", "head_and_tail", "slide_mean", "slide_attention", "hierarchical"}
    assert "exclude each other" in ways["slide_noisy_or"]["refused"]
    assert found["chosen"] in ways
    report = (tmp_path / "run" / "report.md").read_text(encoding="utf-8")
    assert "## Ways with long texts" in report
    assert f"Chosen: **{found['chosen']}**" in report


def test_nothing_is_compared_where_no_text_is_long(checkpoint: Path, tmp_path: Path) -> None:
    short = [{**row, "text": " ".join(row["text"].split()[:4])} for row in ROWS]
    recipe = settings(tmp_path, checkpoint, long="auto")
    run(
        Recipe.load(
            {**recipe, "data": str(write_jsonl(tmp_path / "short.jsonl", short)), "allow": ["test_rows_in_train"]}
        ),
        out=tmp_path / "run",
    )
    found = json.loads((tmp_path / "run" / "long.json").read_text(encoding="utf-8"))
    assert found["chosen"] == "head"
    assert "no example is longer" in found["why"]
    assert len(found["ways"]) == 1


def test_networks_of_folds_are_one_model(checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run(Recipe.load(settings(tmp_path, checkpoint, folds=3, long="slide")), out=folder)
    apart = Predictions.load(folder / "out_of_fold.parquet")
    tested = Predictions.load(folder / "predictions.parquet").table.column("row").to_pylist()
    assert sorted([*apart.table.column("row").to_pylist(), *tested]) == list(range(len(ROWS)))
    assert sorted(path.name for path in (folder / "bundle" / "model").glob("fold-*")) == ["fold-0", "fold-1", "fold-2"]
    assert not (folder / "folds").exists()
    assert "## Folds" in (folder / "report.md").read_text(encoding="utf-8")
    texts = [row["text"] for row in ROWS[:4]]
    whole = np.log(probabilities(folder, "torch", texts))
    loaded = burnish.load(folder, runtime="torch")
    bundle = loaded.bundle
    from burnish.runtimes.torch import Torch, running

    views = [list(v) for v in bundle.input.views([{"text": t} for t in texts], bundle.processor.for_input)]
    arrays, _ = bundle.input.collate([view for (view,) in views], bundle.processor.for_input)
    each = [
        running(Torch().network(bundle.path / "model" / f"fold-{n}", bundle.model, bundle.input, bundle.target))(
            **arrays
        )
        for n in range(3)
    ]
    logits = np.mean(each, axis=0)
    np.testing.assert_allclose(whole - whole[:, :1], logits - logits[:, :1], atol=1e-4)
    assert command(["export", str(folder), "--to", "onnx"]) == 0
    np.testing.assert_allclose(probabilities(folder, "onnx", texts), np.exp(whole), atol=1e-4)
    assert command(["export", str(folder), "--to", "safetensors"]) != 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"calibration": "temperature"}, "learned from validation rows"),
        ({"split": {"kind": "stratified", "validation": 0.3, "test": 0}, "allow": ["empty_split"]}, "no test split"),
    ],
)
def test_what_does_not_go_with_folds_is_refused(more: Any, words: str, checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        run(Recipe.load(settings(tmp_path, checkpoint, folds=3, **more)), out=tmp_path / "run")
    assert not (tmp_path / "run" / "bundle").exists()


def test_large_pictures_in_tiles(tmp_path: Path) -> None:
    rows = []
    for number in range(36):
        file = tmp_path / f"{number}.png"
        picture(number, 150 if number % 2 else 30, 100 if number % 3 else 30).save(file)
        rows.append({"image": str(file), "label": "abc"[number % 3]})
    recipe = {
        "data": str(write_jsonl(tmp_path / "rows.jsonl", rows)),
        "target_column": "label",
        "input": {"kind": "image", "size": 32},
        "model": {"kind": "timm", "name": str(vision_checkpoint("timm_resnet"))},
        "long": {"kind": "tiles", "joining": "max"},
        **QUICK,
        "epochs": 1,
        "golden_examples": 2,
        "split": {"kind": "stratified", "validation": 0.25, "test": 0.25},
    }
    folder = tmp_path / "run"
    run(Recipe.load(recipe), out=folder)
    assert "tiles a picture, at most" in (folder / "events.jsonl").read_text(encoding="utf-8")
    assert command(["export", str(folder), "--to", "onnx"]) == 0
    asked = [{"image": row["image"]} for row in rows[:5]]
    one, other = (burnish.load(folder, runtime=runtime)(asked) for runtime in ("torch", "onnx"))
    for first, second in zip(one, other, strict=True):
        np.testing.assert_allclose(list(first.probabilities.values()), list(second.probabilities.values()), atol=1e-4)
