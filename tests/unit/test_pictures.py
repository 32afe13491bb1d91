"""Pictures: drawn for every shape of input, with nothing clipped, and without leaving anything behind."""

from __future__ import annotations

import struct
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from burnish.core.predictions import Predictions, schema
from burnish.evaluation.confusion import Confusion
from burnish.evaluation.reliability import bins, wilson
from burnish.report import pictures, run_pictures
from burnish.report.drawing import canvas, shown_names
from burnish.report.run_pictures import smooth
from tests.slow_cases import slow_but


@pytest.fixture(autouse=True)
def _no_warning() -> Iterator[None]:
    """A missing glyph or a failed layout is a warning of matplotlib: here it fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def size(path: Path) -> tuple[int, int]:
    """Width and height of a PNG."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def margin_is_white(path: Path) -> bool:
    """Whether the outermost pixels are blank: nothing runs into the edge."""
    from matplotlib.image import imread

    pixels = imread(path)[..., :3]
    return all(bool((edge == 1).all()) for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]))


def binary(rows: int = 200, truth: str = "") -> Predictions:
    """Two labels with informative probabilities."""
    draw = np.random.default_rng(0)
    number = draw.integers(0, 2, rows)
    share = np.clip(0.3 + 0.4 * number + 0.25 * draw.normal(size=rows), 0.01, 0.99)
    names = ["no", "yes"]
    columns: dict[str, Any] = {
        "row": np.arange(rows),
        "truth": [truth or names[n] for n in number],
        "answer": [names[int(s > 0.5)] for s in share],
        "probabilities": [[1 - s, s] for s in share],
        "loss": np.zeros(rows),
        "group": [None] * rows,
    }
    return Predictions(pa.table(columns, schema=schema("label", names, pa.string())))


def scored(truth: Any, answer: Any) -> Predictions:
    """A regression table."""
    rows = len(truth)
    columns = {"row": np.arange(rows), "truth": truth, "answer": answer, "probabilities": [[]] * rows}
    columns |= {"loss": np.zeros(rows), "group": [None] * rows}
    return Predictions(pa.table(columns, schema=schema("score", [], pa.float64())))


@pytest.mark.parametrize("classes", slow_but([2, 20, 77, 130], 2, 20))
def test_confusion_matrix(classes: int, tmp_path: Path) -> None:
    """From two classes to more than have room for names."""
    counts = np.random.default_rng(0).integers(0, 5, (classes, classes)) + 50 * np.eye(classes, dtype=int)
    names = tuple(f"a rather long name of class number {i}" for i in range(classes))
    path = tmp_path / "deep" / "confusion.png"
    pictures.confusion_matrix(Confusion(names, counts), path)
    width, height = size(path)
    assert 400 < width < 2400
    assert 400 < height < 2400
    assert margin_is_white(path)


def test_class_bars(tmp_path: Path) -> None:
    """Few, many, undefined and empty classes."""
    row = {"precision": 0.5, "recall": 0.5, "support": 12, "answered": 3}
    for count in (1, 80):
        pictures.class_bars(
            {f"class {i}": {**row, "f1": i / count} for i in range(count)} | {"x": {**row, "f1": None}},
            tmp_path / "b.png",
        )
        assert margin_is_white(tmp_path / "b.png")


@pytest.mark.parametrize("name", ["$\\frac{1}{2}$", "密码重置", "a\nb\tc", "", "_x_", "🙂", "long " * 30])
def test_names_of_any_kind_can_be_drawn(name: str, tmp_path: Path) -> None:
    """Mathematics is not parsed, and what no font can draw becomes a number."""
    pictures.confusion_matrix(Confusion((name, "plain"), np.array([[3, 1], [0, 4]])), tmp_path / "c.png")
    assert margin_is_white(tmp_path / "c.png")
    assert 0 < len(shown_names([name])[0]) <= 28


def test_reliability(tmp_path: Path) -> None:
    """Bins hold all rows, and their shares lie in their intervals."""
    found = bins(binary())
    assert sum(b.rows for b in found) == 200
    assert all(b.low <= b.accuracy <= b.high for b in found if b.rows)
    pictures.reliability(found, tmp_path / "r.png")
    assert margin_is_white(tmp_path / "r.png")


def test_wilson_interval_is_that_of_a_reference() -> None:
    """scipy's, also at the ends."""
    from scipy.stats import binomtest

    for right, rows in ((0, 10), (10, 10), (37, 50)):
        expected = binomtest(right, rows).proportion_ci(method="wilson")
        assert wilson(right / rows, rows) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_binary_curves(tmp_path: Path) -> None:
    """Drawn for two classes; nothing where one has no rows; an error for other tables."""
    pictures.binary_curves(binary(), tmp_path / "curves.png")
    assert margin_is_white(tmp_path / "curves.png")
    pictures.binary_curves(binary(truth="yes"), tmp_path / "one.png")
    assert not (tmp_path / "one.png").exists()
    with pytest.raises(ValueError, match="two labels"):
        pictures.binary_curves(scored([1.0], [1.0]), tmp_path / "none.png")


@pytest.mark.parametrize("rows", [1, 200, 4000])
def test_score_scatter(rows: int, tmp_path: Path) -> None:
    """Points, and hexagons where there are many."""
    truth = np.random.default_rng(0).normal(size=rows)
    pictures.score_scatter(scored(truth, truth * 0.8), tmp_path / "s.png")
    assert margin_is_white(tmp_path / "s.png")


def test_score_scatter_without_variation(tmp_path: Path) -> None:
    """All the same value."""
    pictures.score_scatter(scored([2.0, 2.0], [2.0, 2.0]), tmp_path / "s.png")
    assert size(tmp_path / "s.png")[0] > 300


def test_learning_curve(tmp_path: Path) -> None:
    """Events flat or nested, with and without validation, with losses that are missing; nothing for no steps."""
    steps: list[dict[str, Any]] = [
        {"name": "step", "number": i, "loss": 1 / i, "learning_rate": 1e-5} for i in range(1, 80)
    ]
    steps[7]["loss"] = None
    check = {"name": "validation", "number": 40, "loss": 0.4, "scores": {"accuracy": 0.8, "f1": None}, "best": True}
    path = tmp_path / "l.png"
    assert run_pictures.learning_curve([*steps, check], path)
    tall = size(path)[1]
    assert margin_is_white(path)
    nested = [
        {"name": e["name"], "time": 0.0, "values": {k: v for k, v in e.items() if k != "name"}} for e in steps[:3]
    ]
    assert run_pictures.learning_curve(nested, path, metric="accuracy")
    assert size(path)[1] < tall
    assert not run_pictures.learning_curve([check], tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()


def test_smoothing_keeps_a_straight_line() -> None:
    """Also at the ends, and whatever the steps weigh."""
    rows = np.random.default_rng(0).integers(1, 33, 50).astype(float)
    np.testing.assert_allclose(run_pictures.smooth(np.arange(50.0), rows), np.arange(50.0), atol=1e-9)


@pytest.mark.parametrize("values", [[5], [1, 1, 1], list(range(300)), [10] * 500 + [9000]])
def test_lengths(values: list[int], tmp_path: Path) -> None:
    """One row, one value, many, and one far out."""
    assert run_pictures.lengths(values, tmp_path / "l.png", limit=128)
    assert margin_is_white(tmp_path / "l.png")
    assert not run_pictures.lengths([], tmp_path / "none.png")


def test_the_same_numbers_give_the_same_file(tmp_path: Path) -> None:
    """Byte for byte: a report can be compared."""
    for name in ("a.png", "b.png"):
        run_pictures.lengths([3, 4, 9], tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_evaluation_imports_no_heavy_library_until_it_is_used() -> None:
    """Neither matplotlib nor scikit-learn, scipy or torch on import; and pyplot never."""
    code = (
        "import sys, burnish.report.write, burnish.evaluation.baselines, burnish.evaluation.compare\n"
        "from burnish.core.component import component_class, kinds\n"
        "[component_class('burnish.metrics', k) for k in kinds('burnish.metrics')]\n"
        "print([m for m in ('matplotlib', 'sklearn', 'scipy', 'torch', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("count", [12, 100, 1000])
@pytest.mark.parametrize("last", [0.0, 5.0])
def test_the_smoothed_loss_does_not_follow_its_last_step(count: int, last: float) -> None:
    """The last step of an epoch has few rows, and its loss alone says nothing about the end of the curve."""
    losses = 1.0 + 0.05 * np.random.default_rng(0).standard_normal(count)
    losses[-1], losses[0] = last, last
    rows = np.full(count, 32.0)
    rows[-1] = rows[0] = 2
    curve = smooth(losses, rows)
    assert np.abs(curve - 1.0).max() < 0.2
    np.testing.assert_allclose(smooth(np.full(count, 3.0), rows), 3.0)


def test_the_smoothed_loss_is_a_running_mean_between_the_ends() -> None:
    losses = np.random.default_rng(1).standard_normal(40)
    curve = smooth(losses, np.full(40, 8.0))
    for place in range(4, 36):
        assert curve[place] == pytest.approx(losses[place - 4 : place + 5].mean())


def test_a_picture_is_laid_out_and_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    done: list[str] = []
    draw, execute = Figure.draw, ConstrainedLayoutEngine.execute
    monkeypatch.setattr(Figure, "draw", lambda *given: (done.append("drawn"), draw(*given))[1])
    monkeypatch.setattr(
        ConstrainedLayoutEngine, "execute", lambda *given: (done.append("laid out"), execute(*given))[1]
    )
    with canvas(tmp_path / "some.png", 3, 2) as figure:
        figure.add_subplot().plot([1, 2], [3, 4])
    assert done == ["laid out", "drawn"]
    assert (tmp_path / "some.png").is_file()
