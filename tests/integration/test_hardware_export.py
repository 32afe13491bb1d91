"""`burnish export --hardware` on whole runs: kept where every operator is on the list, refused by name where not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import burnish
from burnish.bundle.bundle import Bundle
from tests.integration.spoiled import Said

pytest.importorskip("onnx", reason="the extra `export` is not installed")


def rows_of(folder: Path) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in json.loads((folder / "export.json").read_text())["rows"]}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["zynq_dpu", pytest.param("qualcomm_htp", marks=pytest.mark.slow)])
def test_a_convolutional_network_is_kept_with_the_list_it_was_compared_with(
    kind: str, coloured: Path, exported_copy: Callable[..., Path]
) -> None:
    folder = exported_copy(coloured, "--to", "onnx", "--hardware", kind)
    label = f"onnx-static-int8-{kind.replace('_', '-')}"
    (artifact,) = Bundle.load(folder).artifacts()
    assert artifact.name == label
    assert artifact.facts["inputs"]["pixel_values"]["shape"] == [1, 3, 32, 32]
    assert artifact.facts["exporter"]["opset"] <= 20
    told = artifact.facts["hardware"]
    assert told == rows_of(folder)[label]["hardware"]
    assert (told["kind"], told["fallback"], told["fallback_share"]) == (kind, [], 0.0)
    assert told["operators"]["Conv"] > 10
    report = (folder / "report.md").read_text()
    assert "All of them are supported." in report
    assert kind in report
    answers = burnish.load(folder, runtime={"kind": "onnx", "artifact": label})
    assert answers({"image": str(coloured.parent / "data" / "red" / "000.png")}).answer == "red"


@pytest.mark.slow
def test_a_text_model_is_refused_by_operator_and_nothing_is_left(
    trained: Callable[..., Path], tmp_path: Path, burnish_command: Callable[..., Said]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained("label", "full", "bert", epochs=12), folder)
    said = burnish_command("export", folder, "--hardware", "zynq_dpu", "--length", "16")
    assert said.code == 1
    assert "does not take" in said.err
    assert "--allow-fallback" in said.err
    assert "pg338" in said.err
    assert Bundle.load(folder).artifacts() == []
    assert not [p for p in folder.rglob("*") if p.name.startswith(".writing-")]
    row = rows_of(folder)["onnx-static-int8-zynq-dpu"]
    assert row["status"] == "refused"
    assert {"LayerNormalization", "Gather"} <= {entry["operator"] for entry in row["hardware"]["fallback"]}
    report = (folder / "report.md").read_text()
    assert "LayerNormalization" in report
    assert "share of work" in report


@pytest.mark.slow
def test_with_allow_fallback_it_is_kept_and_what_the_cpu_runs_is_listed(
    trained: Callable[..., Path], tmp_path: Path, burnish_command: Callable[..., Said]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained("label", "full", "bert", epochs=12), folder)
    words = ("--hardware", "zynq_dpu", "--length", "16", "--allow-fallback", "--bound", "1")
    said = burnish_command("export", folder, *words)
    assert said.code == 0, said.err
    (artifact,) = Bundle.load(folder).artifacts()
    told = artifact.facts["hardware"]
    assert 0 < told["fallback_share"] < 1
    assert sum(entry["count"] for entry in told["fallback"]) == sum(len(entry["nodes"]) for entry in told["fallback"])
    assert "left to the host's CPU" in (folder / "report.md").read_text()
