"""What both styles of console show: smoothed loss, throughput, time left, and the words for them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

from burnish.core.events import Event
from burnish.trackers._values import number


class Sections:
    """Which part of a run an event opens: Data, Model, Training or Test."""

    def __init__(self) -> None:
        self._current, self._shown = "", False

    def heading(self, event: Event) -> str:
        """The heading that is due before this event; empty where its section is open already."""
        opened = {"run_started": "Training", "test": "Test"}.get(event.name, "")
        if event.name in ("note", "warning", "phase", "sanity") and self._current in ("", "Data"):
            opened = "Model" if self._shown else "Data"
        self._shown = self._shown or event.name == "sanity"
        if opened in ("", self._current):
            return ""
        self._current = opened
        return opened


class TrainingState:
    """What is known of a training in progress, from its step events.

    Args:
        smoothing: weight of the past in the shown loss.
        window: steps over which throughput is averaged.
    """

    def __init__(self, smoothing: float = 0.9, window: int = 50) -> None:
        self._smoothing = smoothing
        self._sum, self._weight = 0.0, 0.0
        self._recent: deque[tuple[float, float, float]] = deque(maxlen=window)
        self._first: tuple[int, float] | None = None
        self._time = 0.0
        self.step, self.total = 0, 0
        self.epoch: float | None = None
        self.loss: float | None = None
        self.learning_rate: float | None = None
        self.unit = "tokens"

    def see(self, event: Event) -> None:
        """Take in one step event."""
        values = event.values
        self.step = int(values.get("number", self.step + 1))
        self.total = int(values.get("total_steps") or self.total)
        self.unit = str(values.get("unit", self.unit))
        self.epoch = number(values.get("epoch"))
        self.learning_rate = number(values.get("learning_rate"))
        self._first = self._first or (self.step, event.time)
        self._time = event.time
        self._smooth(number(values.get("loss")))
        seconds = number(values.get("seconds")) or 0.0
        self._recent.append((number(values.get("rows")) or 0.0, number(values.get("tokens")) or 0.0, seconds))

    def _smooth(self, loss: float | None) -> None:
        if loss is None or not math.isfinite(loss):
            self.loss = loss  # shown as it is, and kept out of the average
            return
        self._sum = self._smoothing * self._sum + (1 - self._smoothing) * loss
        self._weight = self._smoothing * self._weight + (1 - self._smoothing)
        self.loss = self._sum / self._weight

    @property
    def seconds_left(self) -> float | None:
        """From the mean pace so far, validation included; None before the second step."""
        if self._first is None or self.step <= self._first[0]:
            return None
        pace = (self._time - self._first[1]) / (self.step - self._first[0])
        return max(0.0, pace * (self.total - self.step))

    def per_second(self) -> tuple[float, float]:
        """Rows and tokens a second over the last steps; 0 where unknown."""
        seconds = sum(r[2] for r in self._recent)
        if seconds <= 0:
            return 0.0, 0.0
        return sum(r[0] for r in self._recent) / seconds, sum(r[1] for r in self._recent) / seconds

    def figures(self) -> list[str]:
        """Epoch, loss, rate and throughput, in words."""
        rows, tokens = self.per_second()
        parts = [
            "" if self.epoch is None else f"epoch {self.epoch:.2f}",
            "" if self.loss is None else f"loss {self.loss:.4f}",
            "" if self.learning_rate is None else f"learning rate {self.learning_rate:.2e}",
            f"{amount(rows)} examples/s" if rows else "",
            f"{amount(tokens)} {self.unit}/s" if tokens != rows else "",  # rows of one element are no tokens
        ]
        return [part for part in parts if part]


def amount(value: float) -> str:
    """Three figures and a letter: 812, 24.1k, 3.2M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if letter == 'k' else size):.1f}{letter}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def duration(seconds: float) -> str:
    """0:42, 12:05, 3:07:00, or 2 d 04:10:00."""
    whole = round(seconds)
    days, whole = divmod(whole, 86400)
    hours, rest = divmod(whole, 3600)
    minutes, rest = divmod(rest, 60)
    if days:
        return f"{days} d {hours:02}:{minutes:02}:{rest:02}"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def figure(value: Any) -> str:
    """A score with four decimals; other things as they are."""
    known = number(value)
    if known is None:
        return "-" if value is None else str(value)
    return f"{known:.4f}" if abs(known) < 1000 else f"{known:.4g}"


CALLED = {"rows": "examples", "total_steps": "optimizer steps"}


def validated(values: Mapping[str, Any]) -> dict[str, Any]:
    """The scores of a validation that are shown: loss, the deciding metric, accuracy; all where no metric decides."""
    scores: dict[str, Any] = {"loss": values.get("loss"), **(values.get("scores") or {})}
    wanted = ("loss", values["deciding"], "accuracy") if values.get("deciding") in scores else tuple(scores)
    return {name: scores[name] for name in dict.fromkeys(wanted) if scores.get(name) is not None}


def summary(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a run starts with, as pairs of name and words."""
    usual = {"start_step": 0, "processes": 1}
    shown = {name: value for name, value in values.items() if value not in (None, "") and usual.get(name) != value}
    return [(CALLED.get(name) or str(name).replace("_", " "), _words(value)) for name, value in shown.items()]


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(v)}" for name, v in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_words(v) for v in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def test_table(values: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the test scores: the score, its 95 % CI, and baselines where the event has them."""
    baselines: Mapping[str, Mapping[str, Any]] = values.get("baselines") or {}
    header = ["metric", "score", "95 % CI", *(str(name).replace("_", " ") for name in baselines)]
    decides = values.get("deciding")
    rows = []
    for metric, score in (values.get("scores") or {}).items():
        known = score if isinstance(score, Mapping) else {"value": score}
        low, high = known.get("low"), known.get("high")
        interval = "" if low is None or high is None else f"{figure(low)} to {figure(high)}"
        others = [_baseline(given.get(metric)) for given in baselines.values()]
        name = f"{metric} (deciding)" if metric == decides else metric
        rows.append([name, figure(known.get("value")), interval, *others])
    return header, rows


def _baseline(score: Any) -> str:
    return figure(score.get("value") if isinstance(score, Mapping) else score)


def heading_of_test(values: Mapping[str, Any]) -> str:
    """What the scores are of, such as `held-out test set, 135 examples`."""
    rows, split = values.get("rows"), values.get("split", "test")
    name = "held-out test set" if split == "test" else f"{split} split"
    return name + (f", {rows:,} examples" if isinstance(rows, int) else "")


def closing(values: Mapping[str, Any], run: Any) -> str:
    """The last lines of a run: why it ended, after how long, where everything is, and the page to open."""
    seconds = number(values.get("seconds"))
    why = f" ({values['stopped']})" if values.get("stopped") else ""
    after = f" in {duration(seconds)}" if seconds is not None else ""
    page = f"\nreport: {values['report']}" if values.get("report") else ""
    return f"done{after}{why}: {values.get('path') or run}{page}"


def phase_words(values: Mapping[str, Any]) -> str:
    """A phase and how far it is: `encoding: 4,000 of 12,000`."""
    done, total = number(values.get("done")), number(values.get("total"))
    amounts = "" if done is None else f"{done:,.0f}" + (f" of {total:,.0f}" if total else "")
    return f"{values.get('text', '')}: {amounts}" if amounts else str(values.get("text", ""))


def sanity_pieces(example: Any) -> list[tuple[str, bool]]:
    """What an example reads and learns to write: long parts shortened, each with whether the loss is on it; of other
    examples nothing."""
    given = example.get("pieces") if isinstance(example, dict) else None
    return [(_shortened(str(text), 400 if learned else 160), bool(learned)) for text, learned in given or ()]


def sanity_place(example: Any) -> str:
    """File and row of an example, and how much of it is learned."""
    read = f"{example.get('tokens')} {example.get('unit', 'tokens')} are read"
    return f"{example.get('place')}: {read}, loss on {example.get('target')}"


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most * 2 // 3]} ... {text[-most // 4 :]}"


def sanity_words(example: Any) -> str:
    """One encoded example, decoded back: what the model reads, and its label."""
    if not isinstance(example, dict):
        return str(example)
    read = str(example.get("read", ""))
    shown = read if len(read) <= 160 else f"{read[:120]} ... {read[-30:]}"
    tokens = example.get("tokens")
    where = (
        f"{tokens} {example.get('unit', 'tokens')}, {example.get('place')}"
        if tokens is not None
        else example.get("place")
    )
    return f"{shown}  ->  {example.get('truth')} ({where})"
