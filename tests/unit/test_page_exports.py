"""Exports in report.html: put where their place is, once, whatever was said before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from burnish.report import exports
from burnish.report.page.exports import LINK, SECTION, put
from burnish.report.page.page import page
from tests import page_cases
from tests.prediction_cases import label_table
from tests.unit.test_report_page import Checked

SIZES = ("1", "8", "32")


def told(name: str) -> dict[str, Any]:
    latency = {size: {"p50_ms": 4.0, "p99_ms": 9.0} for size in SIZES}
    row = {"bytes": 3 << 20, "latency": latency, "split": "test"}
    proof = {"after": 0.7125, "low": -0.001, "flips": 2, "max_difference": 0.01}
    rows = [
        {**row, "name": "torch-float32", "status": "reference"},
        {**row, "name": name, "status": "passed", "proof": proof},
    ]
    return {"metric": "macro_f1", "bound": 0.005, "threads": 2, "rows": rows}


def test_the_section_of_an_export_replaces_that_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    written = page(page_cases.contents(label_table(40, 3)))
    assert all(written.count(mark) == 1 for mark in (*SECTION, *LINK))
    assert 'id="exports"' not in written
    path.write_text(written, encoding="utf-8")
    for name in ("onnx-float32", "onnx-int8"):
        exports.write(tmp_path, told(name))
    text = path.read_text(encoding="utf-8")
    found = Checked(text)
    assert found.ids.count("exports") == 1
    assert text.count('href="#exports"') == 1
    assert "onnx-int8" in text
    assert "onnx-float32" not in text
    assert "reference" in text
    assert "0.713" in text or "0.712" in text
    assert not (tmp_path / "report.md").exists()


def test_a_page_of_an_earlier_version_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("<html><footer></footer></html>", encoding="utf-8")
    assert put(path, ["## Exports", "", "words"]) is False
    assert path.read_text(encoding="utf-8") == "<html><footer></footer></html>"
