"""What the events of a run say about how it learned: findings in words, each with what to do."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from burnish.report.learned import Record, record

RATIO = 1e-3
"""Usual length of an update beside its weights: a rule of thumb (Karpathy, CS231n), no law."""
HIGH, LOW = 20.0, 0.01
"""Times `RATIO` from which on updates are called large or small: wide, for runs that are broken."""
EXPLODING, VANISHING = 20.0, 1e-4
"""As `training.health` warns of: times the median of all steps, and share of the largest layer."""
STEPS, LOOKS = 20, 3
"""Steps, and steps that were looked at, before anything is concluded."""
MOVED = 0.02
"""Share of the first loss by which it must fall to be called moving."""
DEAD, SEEN = 0.5, 100
"""Share of dead units that is said, and values that must have been seen of each."""
GROWN = 100.0
LARGEST = {"float16": 65504.0}
"""The largest number of a precision that ends early."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        code: a short name; each stands once.
        text: what is seen, with the figures.
        remedy: what to do.
    """

    code: str
    text: str
    remedy: str

    def plain(self) -> dict[str, str]:
        """Plain values."""
        return asdict(self)


def diagnosis(events: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """What is wrong with how a run learned, the causes first; nothing where there are too few steps to tell."""
    seen = record(events)
    if len(seen.steps) < STEPS:
        return []
    looked = [_still, _held, _dead, _rate_high, _rate_low, _grown, _flat] if len(seen.looks) >= LOOKS else []
    checks: list[Callable[[Record], Finding | None]] = [_exploding, _vanishing, *looked, _diverged, _not_moving, _back]
    found = [finding for check in checks if (finding := check(seen)) is not None]
    codes = {finding.code for finding in found}
    return [f for f in found if not (f.code == "loss_not_moving" and codes & {"rate_low", "still", "diverged"})]


def usual_ratio(seen: Record) -> dict[str, float]:
    """By layer, the median of its update ratios."""
    return {name: float(np.median([v for _, v in points])) for name, points in seen.series("update").items()}


def _body(values: Mapping[str, float]) -> dict[str, float]:
    """The layers without the head, which is fresh and moves faster; with it where there is nothing else."""
    return {name: value for name, value in values.items() if name != "head"} or dict(values)


def _ends(seen: Record) -> tuple[float, float, float]:
    """The mean loss of the first steps, of the last, and of the lowest stretch of as many."""
    losses = seen.losses
    some = max(3, len(losses) // 10)
    means = np.convolve(losses, np.ones(some) / some, "valid")
    return float(means[0]), float(means[-1]), float(means.min())


def _exploding(seen: Record) -> Finding | None:
    norms = np.array([s.get("gradient_norm") or 0.0 for s in seen.steps], np.float64)
    usual = float(np.median(norms))
    high = norms > max(EXPLODING * usual, float(np.median(norms[:10])))
    if not high.any():
        return None
    worst = int(norms.argmax())
    return Finding(
        "exploding",
        f"The gradient exploded in {int(high.sum()):,} of {len(norms):,} steps: its norm was {norms[worst]:.3g} at step "
        f"{seen.steps[worst]['number']:,}, the median is {usual:.3g}.",
        "Lower learning_rate or gradient_clip_norm, lengthen schedule.warmup_ratio, or set gradient_clip: agc.",
    )


def _vanishing(seen: Record) -> Finding | None:
    medians = {name: float(np.median([v for _, v in points])) for name, points in seen.gradients().items()}
    largest = max(medians.values(), default=0.0)
    weak = [name for name, value in medians.items() if 0 < value < VANISHING * largest]
    if not weak:
        return None
    return Finding(
        "vanishing",
        f"The gradient vanishes on its way down: {_named(weak)} received less than {VANISHING:g} of the largest gradient "
        "in half of the steps.",
        "Use an activation or a norm that lets it through (head.activation: gelu, head.norm: layer), or adapter: last_layers, "
        "which does not train those layers.",
    )


def _still(seen: Record) -> Finding | None:
    late = seen.looks[len(seen.looks) // 2 :]
    names = [n for n, row in late[-1]["layers"].items() if row.get("still") == 1]
    stuck = [n for n in names if all(look["layers"].get(n, {}).get("still", 1) == 1 for look in late)]
    if not stuck or not any(s.get("learning_rate") for s in seen.steps[len(seen.steps) // 2 :]):
        return None
    return Finding(
        "still",
        f"{_named(stuck)} may learn and did not move in the second half of the steps that were looked at.",
        "Nothing of the loss reaches them: look for a detach or a part of the network that is not used, or freeze them by "
        "name (adapter.freeze).",
    )


def _held(seen: Record) -> Finding | None:
    if seen.began.get("adapter") != "full":
        return None
    last = seen.looks[-1]["layers"]
    held = [name for name, row in last.items() if "still" not in row]
    if not held or len(held) == len(last):
        return None
    return Finding(
        "held",
        f"{_named(held)} cannot learn although the adapter is full: a pattern of adapter.freeze holds all of it, or the "
        "model does.",
        "If that is not meant, take the pattern out of adapter.freeze.",
    )


def _dead(seen: Record) -> Finding | None:
    dead = {}
    for name in seen.looks[-1]["layers"]:
        rows = [look["layers"].get(name, {}) for look in seen.looks[-LOOKS:]]
        if all((row.get("seen") or 0) >= SEEN for row in rows):
            dead[name] = float(np.mean([row["dead"] for row in rows]))
    worst = max(dead, key=lambda name: dead[name], default="")
    if not worst or dead[worst] <= DEAD:
        return None
    before = float(seen.looks[0]["layers"].get(worst, {}).get("dead") or 0.0)
    came = "it came so with the checkpoint" if before > DEAD else f"{before:.0%} at the first step"
    return Finding(
        "dead",
        f"Dead units: {dead[worst]:.0%} of the units of {worst} behind a ReLU gave 0 for every value seen ({came}).",
        "Lower learning_rate or lengthen the warm-up; in a head of your own use head.activation: gelu.",
    )


def _rate_high(seen: Record) -> Finding | None:
    ratios = _body(usual_ratio(seen))
    high = [name for name, value in ratios.items() if value > HIGH * RATIO]
    if not high:
        return None
    return Finding(
        "rate_high",
        f"Updates are large beside the weights: in half of the looks more than {HIGH * RATIO:g} of them in {_named(high)} "
        f"(largest median {max(ratios.values()):.2g}; rule of thumb: about {RATIO:g}).",
        "Lower learning_rate by a factor of 3 to 10; burnish find-rate suggests one.",
    )


def _rate_low(seen: Record) -> Finding | None:
    ratios, (first, last, _) = _body(usual_ratio(seen)), _ends(seen)
    if not ratios or max(ratios.values()) >= LOW * RATIO or last < 0.9 * first:
        return None
    return Finding(
        "rate_low",
        f"Updates are tiny beside the weights: a median of at most {max(ratios.values()):.2g} in every layer (rule of thumb: "
        f"about {RATIO:g}), and the loss went from {first:.4g} to {last:.4g} only.",
        "Raise learning_rate by a factor of 10; burnish find-rate suggests one.",
    )


def _grown(seen: Record) -> Finding | None:
    end = LARGEST.get(str(seen.began.get("precision")), math.inf)
    series, sizes = seen.series("deviation"), seen.series("largest")
    grown = [n for n, p in series.items() if p[0][1] > 0 and p[-1][1] > GROWN * p[0][1]]
    near = [n for n, p in sizes.items() if p[-1][1] > end / 4]
    if not grown and not near:
        return None
    what = f"values of {_named(near)} are near {end:,.0f}, where float16 ends" if near else ""
    more = f"what {_named(grown)} gives spreads over {GROWN:g} times the range it began with" if grown else ""
    said = "; ".join(part for part in (more, what) if part)
    remedy = (
        "Use precision: bfloat16 or float32." if near else "Lower learning_rate, or bound the gradient (gradient_clip)."
    )
    return Finding("grown", f"Activations grow: {said}.", remedy)


def _flat(seen: Record) -> Finding | None:
    flat = [n for n, p in seen.series("deviation").items() if p[0][1] > 0 and p[-1][1] < p[0][1] / 1000]
    if not flat:
        return None
    return Finding(
        "flat",
        f"{_named(flat)} gives nearly the same for everything: its spread is less than a thousandth of what it began with.",
        "The network has collapsed: lower learning_rate and start again.",
    )


def _diverged(seen: Record) -> Finding | None:
    first, last, lowest = _ends(seen)
    if not (last > 1.1 * first and last > 1.5 * lowest):
        return None
    return Finding(
        "diverged",
        f"The loss rose: {first:.4g} over the first steps, {lowest:.4g} at best, {last:.4g} over the last.",
        "Lower learning_rate by a factor of 3 to 10, or lengthen schedule.warmup_ratio; loss_spikes: true goes back by itself.",
    )


def _not_moving(seen: Record) -> Finding | None:
    first, last, lowest = _ends(seen)
    if lowest < (1 - MOVED) * first or first <= 0:
        return None
    return Finding(
        "loss_not_moving",
        f"The loss does not move: {first:.4g} over the first steps, {last:.4g} over the last.",
        "Look whether labels belong to their rows (burnish audit), then raise learning_rate: burnish find-rate suggests one.",
    )


def _back(seen: Record) -> Finding | None:
    if not seen.rollbacks:
        return None
    last = seen.rollbacks[-1]
    return Finding(
        "rollbacks",
        f"The loss leapt and the run went back {last['rollbacks']} of at most {last['most']} times; it ended with "
        f"{last['rate_factor']:.3g} times the learning rate.",
        "Begin with that rate next time.",
    )


def _named(layers: Sequence[str]) -> str:
    """Layers in words, neighbours together: layers 1 to 4 and head."""
    numbers = sorted(int(m.group(1)) for name in layers if (m := re.fullmatch(r"layer (\d+)", name)))
    parts = [name for name in layers if name == "embeddings"]
    while numbers:
        run = 1
        while run < len(numbers) and numbers[run] == numbers[0] + run:
            run += 1
        parts.append(f"layer {numbers[0]}" if run == 1 else f"layers {numbers[0]} to {numbers[run - 1]}")
        numbers = numbers[run:]
    parts += [name for name in layers if name == "head"]
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]


def in_order(seen: Record) -> str:
    """A sentence for a run in which nothing is wrong: what was seen."""
    ratios = usual_ratio(seen)
    if not ratios:
        return f"Nothing unusual in {len(seen.steps):,} steps."
    low, high = min(ratios.values()), max(ratios.values())
    return (
        f"Nothing unusual in {len(seen.steps):,} steps, of which the layers were looked at in {len(seen.looks):,}: median "
        f"update-to-weight ratios from {low:.1g} to {high:.1g} (rule of thumb: about {RATIO:g})."
    )
