"""An export that saves no time here is remarked with the times that were measured, in the report and on the console."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from burnish.report.exports import section, slower
from burnish.stages.export.run import Exporting as Exports


def row(name: str, one: float, many: float, **more: Any) -> dict[str, Any]:
    times = {size: {"p50_ms": ms, "p99_ms": 2 * ms} for size, ms in (("1", one), ("32", many))}
    return {"name": name, "status": "passed", "split": "test", "proof": {"after": 0.5}, "latency": times, **more}


FLOAT = row("onnx-float32", 2.0, 30.0)


def test_the_times_of_both_are_said() -> None:
    (said,) = slower([FLOAT, row("onnx-int8", 3.21, 31.0)])
    assert said.startswith("onnx-int8 is slower than onnx-float32 on this machine: 3.21 ms against 2 ms a batch of 1 ")
    assert "32" not in said.partition("(median)")[0].replace("float32", "")
    (said,) = slower([FLOAT, row("onnx-int8_weights", 2.5, 45.0)])
    assert "2.5 ms against 2 ms a batch of 1, 45 ms against 30 ms a batch of 32 (median)" in said


@pytest.mark.parametrize(
    "other",
    [
        row("onnx-int8", 1.5, 20.0),  # faster
        row("onnx-int8", 2.1, 31.0),  # as fast, within what a measurement tells
        row("onnx-int8", 9.0, 90.0, status="refused"),  # not kept
        row("onnx-int8-zynq_dpu", 9.0, 90.0, hardware={"operators": {}, "fallback": [], "kind": "x", "source": "y"}),
        row("litert-float32", 9.0, 90.0),  # another format, not a compression
        {**row("onnx-int8", 9.0, 90.0), "latency": {}},  # nothing was timed
    ],
)
def test_nothing_else_is_said(other: dict[str, Any]) -> None:
    assert slower([FLOAT, other]) == []


def test_it_is_in_the_report() -> None:
    rows = [{**FLOAT, "name": "torch-float32", "status": "trained"}, FLOAT, row("onnx-int8", 4.0, 60.0)]
    lines = section({"rows": rows, "metric": "accuracy", "bound": 0.005, "threads": 1})
    assert slower(rows)[0] in lines


def test_it_is_on_the_console(tmp_path: Path) -> None:
    class Exporting(Exports):
        def __init__(self) -> None:
            self.said: list[str] = []
            self.out, self.say = tmp_path, self.said.append
            self.bundle: Any = type("Bundle", (), {"path": tmp_path})
            self.gate: Any = type("Gate", (), {"metric": type("Metric", (), {"label": "accuracy"}), "bound": 0.005})

    exporting = Exporting()
    rows = [FLOAT, row("onnx-int8", 4.0, 60.0)]
    exporting.write(rows)
    assert exporting.said == slower(rows)
