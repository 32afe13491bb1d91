"""Each finding from events in which it is there, and none from a run in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.report.diagnosis import diagnosis, in_order
from burnish.report.layers import layers
from burnish.report.learned import record
from burnish.report.page.markup import plain
from burnish.report.page.sections import layers as page_layers

LAYERS = ("embeddings", "layer 1", "layer 2", "head")


def events(
    losses: Any = None, norms: Any = None, groups: dict[str, float] | None = None, every: int = 5, **figures: Any
) -> list[dict[str, Any]]:
    """A run of forty steps; figures of a layer as values or functions of the step."""
    losses = np.linspace(1.0, 0.3, 40) if losses is None else losses
    norms = np.ones(40) if norms is None else norms
    made: list[dict[str, Any]] = [{"name": "run_started", "adapter": "full", "precision": "float16"}]
    for step in range(1, 41):
        own = dict.fromkeys(LAYERS, 0.5) | (groups or {})
        made.append(
            {
                "name": "step",
                "number": step,
                "loss": float(losses[step - 1]),
                "gradient_norm": float(norms[step - 1]),
                "learning_rate": 1e-3,
                "groups": own,
            }
        )
        if step % every == 1:
            rows = {
                name: {"update": 1e-3, "still": 0, "mean": 0.0, "deviation": 1.0, "largest": 3.0} for name in LAYERS
            }
            for name, values in figures.items():
                rows[name.replace("_", " ")] |= {k: v(step) if callable(v) else v for k, v in values.items()}
            rows = {name: {k: v for k, v in row.items() if v != "gone"} for name, row in rows.items()}
            made.append({"name": "layers", "number": step, "layers": rows})
    return made


def codes(found: list[dict[str, Any]]) -> list[str]:
    return [finding.code for finding in diagnosis(found)]


EXPLODED = np.where(np.arange(40) == 30, 90.0, 1.0)
CASES: list[tuple[str, list[dict[str, Any]], str]] = [
    ("exploding", events(norms=EXPLODED), "1 of 40 steps"),
    ("vanishing", events(groups={"embeddings": 1e-6, "layer 1": 1e-6}), "embeddings and layer 1"),
    (
        "still",
        events(layer_2={"still": lambda step: int(step > 10), "update": 0.0}),
        "layer 2 may learn and did not move",
    ),
    ("held", events(layer_1={"still": "gone", "update": "gone"}), "layer 1 cannot learn although the adapter is full"),
    ("dead", events(layer_1={"dead": lambda s: 0.1 if s == 1 else 0.8, "units": 10, "seen": 500}), "80% of the units"),
    ("rate_high", events(layer_1={"update": 0.05}), "rule of thumb: about 0.001"),
    ("grown", events(layer_2={"deviation": lambda step: float(step**3)}), "layer 2 gives spreads over"),
    ("grown", events(layer_2={"largest": 3e4}), "where float16 ends"),
    ("flat", events(layer_2={"deviation": lambda step: 1.0 if step == 1 else 1e-5}), "nearly the same for everything"),
    ("diverged", events(losses=np.r_[np.linspace(1, 0.5, 20), np.linspace(0.5, 4, 20)]), "The loss rose"),
    ("loss_not_moving", events(losses=np.full(40, 0.7)), "does not move"),
]


@pytest.mark.parametrize(("code", "found", "words"), CASES, ids=[f"{c}-{i}" for i, (c, _, _) in enumerate(CASES)])
def test_a_finding_and_its_remedy(code: str, found: list[dict[str, Any]], words: str) -> None:
    finding = next(f for f in diagnosis(found) if f.code == code)
    assert words in finding.text
    assert finding.remedy.endswith(".")
    assert set(codes(found)) <= {code, "still", "rate_high", "vanishing"}


def test_a_low_rate_is_the_cause_of_a_loss_that_does_not_move() -> None:
    tiny = {name.replace(" ", "_"): {"update": 1e-6} for name in LAYERS}
    assert codes(events(losses=np.full(40, 0.7), **tiny)) == ["rate_low"]


def test_a_run_in_order_has_none_and_says_what_was_seen() -> None:
    assert diagnosis(events()) == []
    assert "from 0.001 to 0.001 (rule of thumb" in in_order(record(events()))
    assert diagnosis(events(losses=np.full(40, 0.7))[:15]) == [], "too few steps to tell"


def test_of_few_values_no_unit_is_called_dead() -> None:
    assert codes(events(layer_1={"dead": 0.9, "units": 10, "seen": 32})) == []


def test_rollbacks_are_counted() -> None:
    back = {"name": "rollback", "number": 20, "rollbacks": 2, "most": 3, "rate_factor": 0.25}
    assert codes([*events(), back]) == ["rollbacks"]


def test_report_shows_words_and_a_picture(tmp_path: Path) -> None:
    def drawn(file: str, caption: str, draw: Any) -> list[str]:
        draw(tmp_path / file)
        return [f"![{caption}]({file})"]

    lines = layers(drawn, events(layer_1={"update": 0.05}))
    assert lines[0] == "## How it learned"
    assert "Lower learning_rate" in lines[2]
    assert (tmp_path / "layers.png").stat().st_size > 5000
    assert layers(drawn, [e for e in events() if e["name"] != "layers"]) == []


def test_page_shows_a_chart_of_each_figure() -> None:
    from types import SimpleNamespace

    contents: Any = SimpleNamespace(events=events(layer_1={"dead": 0.2, "units": 10, "seen": 500, "update": 0.05}))
    section = page_layers.layers(contents)
    assert section is not None
    html = str(section.html())
    for name in ("layers_gradient", "layers_update", "layers_deviation", "layers_dead"):
        assert f'data-name="{name}"' in html
    assert "Lower learning_rate" in html
    assert plain(html)
