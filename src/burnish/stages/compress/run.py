"""The ladder: every rung is trained, exported, judged by the run's own answers, and timed beside the run."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from burnish.bundle.artifacts import Artifact
from burnish.bundle.bundle import Bundle
from burnish.bundle.files import MODEL
from burnish.core.errors import InputError, RunFailed
from burnish.core.files import require_writable, write_json
from burnish.evaluation.compare import aligned, paired_difference
from burnish.evaluation.latency import SIZES, alternating
from burnish.report import compression as report
from burnish.runtimes.torch import running
from burnish.stages.compress.against import Candidate
from burnish.stages.compress.aim import POINT, Aim, aim_of, cheapest
from burnish.stages.compress.keeping import keep
from burnish.stages.compress.rungs import Rung, recipe_of, rungs_of
from burnish.stages.environment import versions
from burnish.stages.export.exports import Say
from burnish.stages.export.memory import peak_memory
from burnish.stages.export.run import SPEED_ROWS
from burnish.stages.export.wishes import wishes
from burnish.stages.held_out import HeldOut, held_out
from burnish.stages.train.run import run as train

FILE = "compression.json"


def compress(
    run: Path,
    *,
    out: Path | None = None,
    bound: float = 0.5,
    target: str | None = None,
    only: Sequence[str] = (),
    trust_code: bool = False,
    say: Say = lambda text: None,
) -> dict[str, Any]:
    """Climb the ladder until the target is reached, and keep the cheapest rung inside the bound.

    Args:
        run: a finished run. Its training, validation and test rows are read again.
        out: a new folder; None: `compressed` in the run.
        bound: in points of the deciding metric (hundredths), what may be lost with 95 % confidence.
        target: `latency=0.3x`, `size=0.25x` or `memory=0.5x`: a share of the trained network in torch; None: every rung is
            climbed, and the fastest kept.
        only: rungs whose names begin so; none: all.
        trust_code: whether components from outside burnish may be imported.
        say: told what is being done, in sentences.

    Returns:
        What compression.json holds: `metric`, `bound`, `rows`, `kept` and more.

    Raises:
        InputError: no such run, or a model that writes.
        RunFailed: no rung is inside the bound; the table is written.
    """
    aim, bundle = aim_of(target), Bundle.load(run, trust_code=trust_code)
    place = out or bundle.path.parent / "compressed"
    if place.exists():
        raise InputError("the folder is there already", fix="choose another --out", place=str(place))
    if bundle.decoder.writes():
        raise InputError(
            f"predictions of this model are written by decoder {bundle.decoder.kind()!r}",
            expected="a model that answers in one pass",
            fix="distil it (`distil` in a recipe), then burnish export",
            place=str(run),
        )
    require_writable(place)
    ladder = Ladder(bundle, held_out(bundle, trust_code=trust_code), place, bound * POINT, aim, say)
    for rung in rungs_of(bundle, ladder.held.recipe, names=tuple(only)):
        ladder.climb(rung)
        if aim.reached(ladder.rows):
            say(f"{rung.name}: the target is reached")
            break
    return ladder.finish()


@dataclass(frozen=True)
class Passed:
    """An export inside the bound: whose it is, and where it lies."""

    candidate: Candidate
    artifact: Artifact


class Ladder:
    """The rungs so far.

    Args:
        bundle, held: the run.
        place: where everything goes.
        bound: of the deciding metric, what may be lost.
        aim: how small or fast is enough.
        say: told what is being done.
    """

    def __init__(self, bundle: Bundle, held: HeldOut, place: Path, bound: float, aim: Aim, say: Say) -> None:
        self.bundle, self.held, self.place, self.bound, self.aim, self.say = bundle, held, place, bound, aim, say
        place.mkdir(parents=True)
        self.trained = Candidate(bundle, held, place / "trained", None, "trained", bound, say)
        self.passed: dict[str, Passed] = {}
        self.rows: list[dict[str, Any]] = [{**self.trained.baseline(), "rung": "trained", "words": "the run itself"}]
        self.rows[0]["peak_memory"] = self._memory("torch", bundle.path / MODEL, bundle)
        self.rows[0]["latency"] = self._timed({})["torch"]

    def climb(self, rung: Rung) -> None:
        """Train, export and measure one rung; an export that is rejected is a row as well."""
        self.say(f"{rung.name}: {rung.words}")
        candidate = self.trained
        if rung.settings:
            folder = self.place / "runs" / rung.name
            train(recipe_of(rung, self.bundle, self.held.recipe), out=folder)
            made = Bundle.load(folder, trust_code=self.held.recipe.trust_code)
            candidate = Candidate(
                made, self.held, self.place / rung.name, self.trained.gate, rung.name, self.bound, self.say
            )
        (wish,) = wishes(["onnx"], list(rung.precisions))
        for row in candidate.export(wish, None):
            name = f"{rung.name}/{row['name']}"
            row |= {"name": name, "rung": rung.name, "words": rung.words}
            if row["status"] == "passed":
                artifact = Artifact.read(self.place / rung.name / name.partition("/")[2])
                self.passed[name] = Passed(candidate, artifact)
                row["interval"] = self._interval(name)
                row["peak_memory"] = self._memory(artifact.format, artifact.path, candidate.bundle)
                row["latency"] = self._timed({name: self.passed[name]})[name]
            self.rows.append(row)

    def finish(self) -> dict[str, Any]:
        """Everything inside the bound timed once more in turn, the table, the picture, and the cheapest kept."""
        timed = self._timed(self.passed)
        for row in self.rows:
            key = "torch" if row["status"] == "trained" else row["name"]
            if key in timed:
                row["latency"] = timed[key]
        chosen = cheapest(self.rows, self.aim)
        result: dict[str, Any] = {
            "metric": self.trained.gate.metric.label,
            "bound": self.bound,
            "target": {"cost": self.aim.cost, "share": self.aim.share},
            "reached": self.aim.reached(self.rows),
            "kept": None if chosen is None else chosen["name"],
            "rows": self.rows,
            "made_by": versions(),
        }
        if chosen is not None:
            passed = self.passed[str(chosen["name"])]
            keep(passed.candidate, passed.artifact, self.place / "bundle", self.say)
        write_json(self.place / FILE, result)
        report.write(self.place, result, self.bundle.path.parent / "report.md")
        for rung in {str(row["rung"]) for row in self.rows}:
            shutil.rmtree(self.place / rung, ignore_errors=True)
        if chosen is None:
            raise RunFailed(
                f"no rung is inside the bound of {self.bound / POINT:g} points",
                fix="accept more with --bound, or train longer: see the table",
                place=str(self.place / FILE),
            )
        return result

    def _interval(self, name: str) -> dict[str, float]:
        """Of the deciding metric on the rows that prove: its difference to the run's, with the middle 95 %."""
        gate, passed = self.trained.gate, self.passed[name]
        opened = passed.candidate.gate.reopened(passed.artifact)
        after = self.held.answers(opened[0], self.held.parts[self.held.proving], opened[1])
        first, second = aligned(after, gate.before(self.held.proving))
        found = paired_difference(
            gate.metric, first, second, resamples=2000, seed=int(self.held.recipe.seed), level=0.95
        )
        return {"value": found.value, "low": found.low, "high": found.high}

    def _timed(self, others: dict[str, Passed]) -> dict[str, Any]:
        """Times of the trained network and of these exports, in turn."""
        part = self.held.limited(self.held.choosing, SPEED_ROWS)
        runs, batches = {"torch": running(self.trained.network)}, {"torch": self._batches(part, self.bundle)}
        for name, passed in others.items():
            runs[name], bundle = passed.candidate.gate.reopened(passed.artifact)
            batches[name] = self._batches(part, bundle)
        return alternating(runs, batches)

    def _batches(self, part: Any, bundle: Bundle) -> dict[int, list[dict[str, Any]]]:
        return {size: list(self.held.batches(part, size, bundle))[:64] for size in SIZES}

    def _memory(self, runtime: str, folder: Path, bundle: Bundle) -> int | None:
        batch = next(self.held.batches(self.held.limited(self.held.choosing, 8), 8, bundle), None)
        return None if batch is None else peak_memory(runtime, folder, bundle, batch, writes=False)
