"""Rate, decay, warm-up and epochs that a recipe leaves open: by family, size and adapter; what is named always wins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from burnish.core.component import build, kinds
from burnish.core.family import Family, Kind, family_of
from burnish.models import Model
from burnish.models._shapes import stored_shapes
from burnish.recipe.recipe import Recipe
from burnish.stages.prepare.usual_settings import (
    BY_ADAPTER,
    FULL,
    SMALL_RECOGNISER,
    rates,
    row,
    usual,
    usual_epochs,
    usual_rate,
)
from tests.checkpoints import tiny_checkpoint

BLOCK = {"attention.query.weight": [64, 64], "attention.output.weight": [64, 64], "mlp.weight": [256, 64]}
TABLE_OF_WORDS = {"embeddings.word_embeddings.weight": [30_000, 64]}
KERNELS = {"stem.weight": [32, 3, 3, 3], "blocks.0.conv.weight": [64, 32, 3, 3]}
NORM = {"bn.weight": [64], "bn.running_mean": [64], "bn.num_batches_tracked": []}
A_LITTLE_ATTENTION = {"blocks.0.attn.conv.weight": [1, 1, 3]}


@pytest.mark.parametrize(
    ("shapes", "encoder", "kind"),
    [
        (TABLE_OF_WORDS | BLOCK, "text encoder", "text encoder"),
        (BLOCK, "vision transformer", "vision transformer"),
        (KERNELS | BLOCK, "speech encoder", "speech encoder"),
        (KERNELS, "vision transformer", "convolution"),
        (KERNELS | NORM, "vision transformer", "convolution with batch norm"),
        (KERNELS | NORM | A_LITTLE_ATTENTION, "vision transformer", "convolution with batch norm"),
        (KERNELS | NORM, "speech encoder", "convolution with batch norm"),
        ({}, "text encoder", "other"),
    ],
)
def test_the_family_is_read_from_names_and_shapes(shapes: dict[str, list[int]], encoder: Kind, kind: str) -> None:
    assert family_of(shapes, encoder).kind == kind


def test_embeddings_do_not_make_a_network_large() -> None:
    assert family_of(TABLE_OF_WORDS | BLOCK, "text encoder").weights == 2 * 64 * 64 + 256 * 64


def test_a_network_that_writes_on_is_a_decoder() -> None:
    assert family_of(BLOCK, "text encoder", generates=True).kind == "decoder"


SIZES = [
    (Family("text encoder", 11_000_000), "small text encoder"),
    (Family("text encoder", 85_000_000), "text encoder"),
    (Family("text encoder", 302_000_000), "large text encoder"),
    (Family("decoder", 100_000_000), "small decoder"),
    (Family("decoder", 7_000_000_000), "decoder"),
    (Family("convolution with batch norm", 3_000_000), "convolution with batch norm"),
    (Family("convolution with batch norm", 3_000_000, pretrained=False), "random convolution"),
    (Family("vision transformer", 3_000_000, pretrained=False), "random network"),
    (Family("other", 0, pretrained=False), "random network"),
]


@pytest.mark.parametrize(("family", "name"), SIZES)
def test_every_family_and_size_has_a_row(family: Family, name: str) -> None:
    assert row(family) == name
    assert usual(family, "full", 5e-5) == FULL[name]


def test_rates_fall_with_the_size_of_the_network() -> None:
    assert FULL["small text encoder"].learning_rate > FULL["text encoder"].learning_rate
    assert FULL["text encoder"].learning_rate > FULL["large text encoder"].learning_rate
    assert FULL["convolution with batch norm"].learning_rate >= 10 * FULL["convolution"].learning_rate


def test_every_row_can_be_reached_and_has_a_reason() -> None:
    reached = {row(family) for family, _ in SIZES} | {"convolution", "vision transformer", "speech encoder"}
    sizes = (SMALL_RECOGNISER - 1, SMALL_RECOGNISER)
    reached |= {row(Family("speech encoder", size), hears_and_writes=True) for size in sizes}
    assert set(FULL) == reached
    assert all(set(table) <= set(FULL) for table in BY_ADAPTER.values())
    assert all(len(found.reason) > 20 for table in BY_ADAPTER.values() for found in table.values())
    assert set(BY_ADAPTER) <= set(kinds("burnish.adapters"))


def test_what_the_table_does_not_know_has_the_adapter_s_own_rate() -> None:
    assert usual(Family(), "full", 5e-5).learning_rate == 5e-5
    assert usual(Family("text encoder", 1), "head_only", 2e-3).learning_rate == 2e-3
    assert usual(Family("text encoder", 1), "my_module:Own", 3e-4).learning_rate == 3e-4


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("families")
    return {name: tiny_checkpoint(base / name, name) for name in ("bert", "gpt2")}


def chosen(model: Any, **settings: Any) -> tuple[dict[str, Any], list[str]]:
    said: list[str] = []
    recipe = Recipe.load({"data": "x.csv", "input": {"kind": "text", "columns": ["text"]}, "model": model, **settings})
    assert recipe.input is not None
    return rates(recipe, recipe.input, said.append), said


def test_checkpoints_are_told_apart_without_building_them(checkpoints: dict[str, Path]) -> None:
    encoder, said = chosen(str(checkpoints["bert"]))
    decoder, _ = chosen(str(checkpoints["gpt2"]))
    assert (encoder["learning_rate"], encoder["layer_decay"]) == (2e-4, 0.9)
    assert encoder["head_learning_rate"] == pytest.approx(2e-3)
    assert "head_learning_rate" not in decoder
    assert decoder["learning_rate"] == FULL["small decoder"].learning_rate
    assert decoder["schedule"].warmup_ratio == FULL["small decoder"].warmup_ratio
    (line,) = said
    rates_said = "default learning_rate: 0.0002, layer_decay: 0.9, head_learning_rate: 0.002"
    assert line.startswith(f"{rates_said} for a small text encoder (")
    assert "with full and adamw: " in line
    assert FULL["small text encoder"].reason in line


def test_a_named_rate_stands_alone_as_before(checkpoints: dict[str, Path]) -> None:
    found, said = chosen(str(checkpoints["gpt2"]), learning_rate=3e-5)
    assert (found, said) == ({"learning_rate": 3e-5, "layer_decay": 1.0}, [])
    found, _ = chosen(str(checkpoints["bert"]), learning_rate=3e-5, layer_decay=0.8)
    assert found == {"learning_rate": 3e-5, "layer_decay": 0.8}


def test_the_head_learns_faster_where_its_rate_is_not_named(checkpoints: dict[str, Path]) -> None:
    assert chosen(str(checkpoints["bert"]), optimizer="lion")[0]["head_learning_rate"] == pytest.approx(4e-4)
    found, (line,) = chosen(str(checkpoints["bert"]), head_learning_rate=1e-3)
    assert "head_learning_rate" not in found
    assert "head_learning_rate" not in line


def test_a_named_decay_and_a_named_schedule_win(checkpoints: dict[str, Path]) -> None:
    found, said = chosen(str(checkpoints["gpt2"]), layer_decay=1.0, schedule="cosine")
    assert found["layer_decay"] == 1.0
    assert "schedule" not in found
    assert "layer_decay" not in said[0]
    assert "warmup" not in said[0]


def test_adapters_and_optimizers_count(checkpoints: dict[str, Path]) -> None:
    model = str(checkpoints["bert"])
    assert chosen(model, adapter="head_only")[0] == {"learning_rate": 2e-3, "layer_decay": 1.0}
    assert chosen(model, adapter="lora")[0]["layer_decay"] == 1.0
    sgd = chosen(model, optimizer="sgd")[0]["learning_rate"]
    assert sgd == pytest.approx(200 * chosen(model)[0]["learning_rate"])


def test_the_usual_rate_is_known_where_another_is_named(checkpoints: dict[str, Path]) -> None:
    recipe = Recipe.load(
        {
            "data": "x.csv",
            "input": {"kind": "text", "columns": ["text"]},
            "model": str(checkpoints["bert"]),
            "learning_rate": 1,
        }
    )
    assert recipe.input is not None
    assert usual_rate(recipe, recipe.input) == 2e-4


@pytest.mark.parametrize("kind", ["timm", "torchvision"])
def test_image_networks_are_told_apart_from_the_bare_architecture(kind: str) -> None:
    name = {"timm": "resnet10t", "torchvision": "squeezenet1_1"}[kind]
    model = build("burnish.models", {"kind": kind, "name": name, "random_weights": True})
    assert isinstance(model, Model)
    image = Recipe.load({"data": "x.csv", "input": "image"}).input
    assert image is not None
    found = model.family(image)
    assert found.kind == {"timm": "convolution with batch norm", "torchvision": "convolution"}[kind]
    assert not found.pretrained
    assert found.weights > 100_000


def test_what_cannot_be_found_is_no_error_here(tmp_path: Path) -> None:
    """Building the network says what is wrong, in better words."""
    (tmp_path / "config.json").write_text("{not json", encoding="utf-8")
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 20)
    assert stored_shapes(tmp_path) == {}
    text = Recipe.load({"data": "x.csv", "input": {"kind": "text", "columns": ["text"]}}).input
    assert text is not None
    for name in (str(tmp_path), str(tmp_path / "nowhere" / "at" / "all")):
        model = build("burnish.models", {"kind": "transformers", "name": name})
        assert isinstance(model, Model)
        assert model.family(text) == Family()


def test_shapes_of_sharded_weights_are_read(tmp_path: Path) -> None:
    import json

    import numpy as np
    from safetensors.numpy import save_file

    names = {"a.weight": np.zeros((2, 3), np.float32), "b.weight": np.zeros((4,), np.float32)}
    for number, (name, value) in enumerate(names.items()):
        save_file({name: value}, tmp_path / f"{number}.safetensors")
    index = {"weight_map": {name: f"{number}.safetensors" for number, name in enumerate(names)}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    assert stored_shapes(tmp_path) == {"a.weight": [2, 3], "b.weight": [4]}


@pytest.mark.parametrize(
    ("rows", "epochs"),
    [
        (40, 50),  # two steps an epoch: twenty epochs would be forty steps
        (10, 60),
        (483, 20),
        (2_000, 7),
        (12_800, 3),
        (200_000, 3),
        (300_000, 2),
        (10_000_000, 1),
    ],
)
def test_few_rows_get_more_epochs_and_very_many_fewer(rows: int, epochs: int) -> None:
    assert usual_epochs(rows, 32) == epochs


def test_many_classes_get_eight_steps_each() -> None:
    """Six rows of each of 77 classes are learned in no 280 steps; few classes and many rows are as before."""
    assert usual_epochs(420, 32, classes=77) == 44
    assert usual_epochs(420, 32, classes=500) == 60
    assert usual_epochs(483, 32, classes=7) == usual_epochs(483, 32)
    assert usual_epochs(10_000, 32, classes=77) == usual_epochs(10_000, 32)
