"""Exports of a run's smaller relatives, judged by the answers of the run itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from burnish.bundle import artifacts
from burnish.bundle.artifacts import Artifact
from burnish.bundle.bundle import Bundle
from burnish.core.component import build
from burnish.core.predictions import Predictions
from burnish.evaluation.parity import Parity
from burnish.runtimes import Runner, Runtime
from burnish.runtimes.torch import running
from burnish.stages.export.exports import Say
from burnish.stages.export.gate import Gate
from burnish.stages.export.run import Exporting
from burnish.stages.held_out import HeldOut
from burnish.stages.prepare.decisions import asked
from burnish.stages.train.decide import learned
from burnish.targets import Target


class Against(Gate):
    """Compares exports of one network with the answers of another one: of the run that is compressed.

    What decides over answers (temperature, thresholds, abstention) is learned again for each export, from its own answers
    to the validation split.

    Args:
        origin: the gate of that run.
        bundle, held, run: of the network that is exported.
        label: what that is called; empty: it is the run itself, whose float exports must decide as it does.
        bound: of the deciding metric, what may be lost.
        say: told what is being done.
    """

    def __init__(
        self, origin: Gate | None, bundle: Bundle, held: HeldOut, run: Runner, label: str, bound: float, say: Say
    ) -> None:
        super().__init__(bundle, held, run, None, bound, say)
        self.origin, self.label = origin, label
        self._known: dict[str, tuple[Runner, Bundle]] = {}

    def before(self, split: str) -> Predictions:
        """What the run that is compressed answers."""
        return super().before(split) if self.origin is None else self.origin.before(split)

    def _opened(self, folder: Path, facts: dict[str, Any]) -> tuple[Runner, Bundle]:
        artifacts.write_facts(folder, facts, [])
        return self._open(Artifact.read(folder))

    def _open(self, artifact: Artifact) -> tuple[Runner, Bundle]:
        runtime = cast(Runtime, build("burnish.runtimes", artifact.format))
        run = runtime.open(artifact.path, self.bundle.model, self.bundle.input, self.bundle.target)
        bundle = self.bundle.reading(artifact)
        if not self.label and artifact.facts["precision"] == "float32":
            return run, bundle
        return run, replace(bundle, target=fitted_again(run, bundle, self.held, self.say))

    def reopened(self, artifact: Artifact) -> tuple[Runner, Bundle]:
        """What answers of an artifact that was accepted, and the bundle as it reads rows and decides."""
        key = str(artifact.path)
        if key not in self._known:
            self._known[key] = self._open(artifact)
        return self._known[key]

    def _tried(
        self,
        folder: Path,
        facts: dict[str, Any],
        precision: str,
        settings: dict[str, Any],
        attempts: list[dict[str, Any]],
    ) -> tuple[Runner, Bundle, Parity] | None:
        judged = f"{self.label}, {precision}" if self.label else precision
        return super()._tried(folder, facts, judged, settings, attempts)


def fitted_again(run: Runner, bundle: Bundle, held: HeldOut, say: Say) -> Target:
    """The target with temperature, thresholds and abstention learned from these answers to the validation split."""
    recipe = held.recipe
    if not asked(recipe) or recipe.thresholds == "prior" or "validation" not in held.parts:
        return bundle.target
    plain = cast(Target, build("burnish.targets", bundle.settings["recipe"]["target"], trust_code=recipe.trust_code))
    answers = held.answers(run, held.parts["validation"], replace(bundle, target=plain))
    return learned(recipe, plain, answers, say)[0]


class Candidate(Exporting):
    """A network of the ladder: the run itself, or one that was trained to take its place.

    Args:
        bundle: of the network.
        held: the splits of the run.
        out: where its artifacts go.
        origin: the gate of the run; None: this is the run.
        label: what the network is called.
        bound: of the deciding metric, what may be lost.
        say: told what is being done.
    """

    def __init__(
        self, bundle: Bundle, held: HeldOut, out: Path, origin: Gate | None, label: str, bound: float, say: Say
    ) -> None:
        super().__init__(bundle, held, out, bound, say)
        self.gate: Against = Against(origin, bundle, held, running(self.network), label if origin else "", bound, say)
        self.label = label
