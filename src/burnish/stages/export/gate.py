"""The gate that every export goes through: it answers the held-out rows itself, or it is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from burnish.bundle import artifacts
from burnish.bundle.artifacts import Artifact
from burnish.bundle.bundle import TOLERANCE, Bundle
from burnish.compression import Batches, Compression
from burnish.core.component import build
from burnish.core.errors import RunFailed
from burnish.core.predictions import Predictions
from burnish.evaluation.parity import Parity, parity
from burnish.evaluation.scores import metrics_for
from burnish.metrics import Metric
from burnish.runtimes import Runner, Runtime
from burnish.stages.export.frame_margin import frame_margin
from burnish.stages.export.hardware_check import Check
from burnish.stages.held_out import HeldOut

ROWS = 2000  # by which settings are chosen
TRAINING_ROWS = 512  # that settings must answer alike before the test is looked at
SEARCH_ROWS = 64  # by which sensitive operators are found
SEARCHED = 24  # groups of consecutive operators at most that are tried alone
SPARED = (1, 2, 4, 8)  # of the most sensitive groups, how many stay in float32
GOLDEN = {"float32": TOLERANCE, "float16": 0.01}
GOLDEN_INTEGER = 0.02  # other processors round integers otherwise; one that loses what is too large is farther off


@dataclass(frozen=True)
class Accepted:
    """An export within the bound.

    Attributes:
        folder: its files.
        facts: for artifact.json.
        row: of the table.
        run, bundle: what answers, and the bundle as it reads rows.
        movable: whether nobody else needs the files.
    """

    folder: Path
    facts: dict[str, Any]
    row: dict[str, Any]
    run: Runner
    bundle: Bundle
    movable: bool


@dataclass(frozen=True)
class Rejected:
    """An export outside it: the row of the table, with `why`."""

    row: dict[str, Any]


class Gate:
    """Compares exports with the trained network, on validation rows to choose settings and on test rows to prove.

    Args:
        bundle, held: the trained model and its rows.
        run: the trained network.
        tested: its answers in the sealed test, if they are there; else the test rows are answered anew.
        bound: of the deciding metric, what may be lost.
        say: told what is being done.
    """

    def __init__(
        self,
        bundle: Bundle,
        held: HeldOut,
        run: Runner,
        tested: Predictions | None,
        bound: float,
        say: Callable[[str], None],
    ) -> None:
        self.bundle, self.held, self.run, self.bound, self.say = bundle, held, run, bound, say
        decides = bundle.settings["recipe"].get("deciding_metric", bundle.target.decides)
        known = {m.label: m for m in metrics_for(bundle.target, held.recipe.metrics or [])}
        self.metric: Metric = known.get(decides, known[bundle.target.decides])
        self._before: dict[str, Predictions] = {} if tested is None else {"test": tested}

    def before(self, split: str) -> Predictions:
        """The trained network's answers to a split; at most 2,000 rows of the one that chooses, 512 of training."""
        if split not in self._before:
            self._before[split] = self.held.answers(self.run, self._part(split), self.bundle)
        return self._before[split]

    def _part(self, split: str) -> Any:
        if split == self.held.proving:
            return self.held.parts[split]
        return self.held.limited(split, ROWS if split == self.held.choosing else TRAINING_ROWS)

    def float32(self, folder: Path, facts: dict[str, Any]) -> Accepted | Rejected:
        """A float32 export; there is nothing safer."""
        facts = {**facts, "precision": "float32", "tolerance": GOLDEN["float32"]}
        attempts: list[dict[str, Any]] = []
        passed = self._tried(folder, facts, "float32", {}, attempts)
        if passed is None:
            return Rejected(_refused("float32", attempts))
        run, bundle, proof = passed
        return Accepted(folder, facts, _row("float32", proof, self.held.proving, attempts), run, bundle, False)

    def again(self, accepted: Accepted, folder: Path, told: dict[str, Any]) -> Accepted | Rejected:
        """What was accepted, in another form.

        Args:
            accepted: as it passed.
            folder: the files of the other form.
            told: what of its facts is new.
        """
        precision, facts = str(accepted.facts["precision"]), {**accepted.facts, **told}
        attempts = list(accepted.row["attempts"])
        passed = self._tried(folder, facts, precision, accepted.row.get("settings", {}), attempts)
        if passed is None:
            return Rejected(_refused(precision, attempts))
        run, bundle, proof = passed
        row = {**accepted.row, **_row(precision, proof, self.held.proving, attempts)}
        return Accepted(folder, facts, row, run, bundle, True)

    def compressed(
        self,
        exported: Path,
        facts: dict[str, Any],
        compression: Compression,
        calibration: Batches,
        check: Check | None = None,
    ) -> Accepted | Rejected:
        """The first setting, from the fastest to the safest, that answers alike on the rows that choose; the test confirms it once.

        Where the test does not, nothing else is tried: settings that are chosen until a test agrees are chosen by it. With a
        check, operators that the hardware does not take are an end as well: safer settings would only add to them.
        """
        attempts: list[dict[str, Any]] = []
        settled = compression.settled()
        compression, precision = settled.compression.sparing(facts.get("kept_in_float", ())), compression.precision
        if settled.words:
            self.say(f"{precision}: {settled.words}")
        model = exported / str(facts["file"])
        facts = {**facts, "precision": precision, "tolerance": GOLDEN.get(precision, GOLDEN_INTEGER), **settled.facts}
        told: dict[str, Any] = {}
        for number, candidate in enumerate(self._ladder(model, facts, compression, calibration)):
            folder = exported.parent / f"{precision}-{number}"
            folder.mkdir()
            settings = candidate.model_dump(mode="json")
            try:
                candidate.compress(model, folder / model.name, calibration)
            except RunFailed as error:
                attempts.append({"settings": settings, "passed": False, "why": error.found})
                self.say(f"{precision}: {error.found}")
                continue
            described = {**facts, "compression": settings}
            if check is not None:
                fit = check.fit(folder / model.name)
                told = {"hardware": check.told(fit)}
                described |= told
                if fit.fallback and not check.allow_fallback:
                    attempts.append({"settings": settings, "passed": False, "why": fit.sentence()})
                    return Rejected({**_refused(precision, attempts), **told})
            passed = self._tried(folder, described, precision, settings, attempts)
            if passed is None and attempts[-1].get("split") == self.held.proving != self.held.choosing:
                return Rejected({**_refused(precision, attempts), **told})
            if passed is not None:
                run, bundle, proof = passed
                row = {**_row(precision, proof, self.held.proving, attempts), "settings": settings, **told}
                return Accepted(folder, described, row, run, bundle, True)
            shutil.rmtree(folder)
        return Rejected({**_refused(precision, attempts), **told})

    def _ladder(
        self, model: Path, facts: dict[str, Any], first: Compression, calibration: Batches
    ) -> Iterator[Compression]:
        """From the fastest setting to the safest; at the end ever more sensitive operators stay in float32."""
        yield first
        safer = list(first.safer())
        yield from safer
        careful = safer[0] if safer else first
        layers = careful.layers(model)
        if not layers:
            return
        self.say(f"{first.precision}: searching {len(layers)} operators for those most sensitive to quantisation")
        order = self._sensitive(model, facts, careful, layers, calibration)
        for count in SPARED:
            if count <= len(order) // 2:
                yield careful.sparing([name for group in order[:count] for name in group])
        yield from first.safest()

    def _sensitive(
        self, model: Path, facts: dict[str, Any], careful: Compression, layers: Sequence[str], calibration: Batches
    ) -> list[Sequence[str]]:
        """Groups of operators by how much the answers change when they alone are compressed, the most first."""
        part = self.held.limited(self.held.choosing, SEARCH_ROWS)
        before = self.held.answers(self.run, part, self.bundle)
        size = max(1, -(-len(layers) // SEARCHED))
        changes: list[tuple[float, Sequence[str]]] = []
        for group in (layers[i : i + size] for i in range(0, len(layers), size)):
            folder = model.parent.parent / "alone"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            try:
                careful.only(group, model).compress(model, folder / model.name, calibration)
            except RunFailed:
                continue
            run, bundle = self._opened(folder, facts)
            after = self.held.answers(run, part, bundle)
            told = parity(before, after, self.metric, target=self.bundle.target, precision="", seed=0)
            changes.append((told.mean_difference, group))
        return [group for _, group in sorted(changes, key=lambda change: -change[0])]

    def _tried(
        self,
        folder: Path,
        facts: dict[str, Any],
        precision: str,
        settings: dict[str, Any],
        attempts: list[dict[str, Any]],
    ) -> tuple[Runner, Bundle, Parity] | None:
        """Answer the choosing rows (validation, then some of training), and if they agree the proving rows; else None."""
        run, bundle = self._opened(folder, facts)
        for split in dict.fromkeys((self.held.choosing, "train", self.held.proving)):
            try:
                after = self.held.answers(run, self._part(split), bundle)
            except RunFailed as error:
                attempts.append({"settings": settings, "split": split, "passed": False, "why": str(error)})
                self.say(f"{precision}: {error}")
                return None
            seed = int(self.held.recipe.seed)
            target, before = self.bundle.target, self.before(split)
            compared = parity(
                before,
                after,
                self.metric,
                target=target,
                precision=precision,
                seed=seed,
                lost=self.bound,
                margin=self._margin(split, run, bundle),
            )
            told = {k: v for k, v in compared.as_values().items() if k != "listed"}
            attempts.append({"settings": settings, "split": split, **told})
            words = "" if compared.passed else f": {compared.why}"
            self.say(f"{precision}: {compared.flips} of {compared.rows:,} {split} predictions changed{words}")
            if not compared.passed:
                return None
        return run, bundle, compared

    def _margin(self, split: str, run: Runner, bundle: Bundle) -> Callable[[int], float] | None:
        """How near two transcripts were is told by the frames in which they differ."""
        if self.bundle.target.shape != "frames":
            return None
        return frame_margin(self.held, self._part(split), (self.run, self.bundle), (run, bundle))

    def _opened(self, folder: Path, facts: dict[str, Any]) -> tuple[Runner, Bundle]:
        artifacts.write_facts(folder, facts, [])
        artifact = Artifact.read(folder)
        runtime = cast(Runtime, build("burnish.runtimes", artifact.format or "torch"))
        run = runtime.open(folder, self.bundle.model, self.bundle.input, self.bundle.target)
        return run, self.bundle.reading(artifact)


def _row(precision: str, proof: Parity, split: str, attempts: list[dict[str, Any]]) -> dict[str, Any]:
    told = proof.as_values()
    listed = told.pop("listed")
    return {"precision": precision, "split": split, "proof": told, "listed": listed, "attempts": attempts}


def _refused(precision: str, attempts: list[dict[str, Any]]) -> dict[str, Any]:
    last = attempts[-1]
    tried = f"{len({str(a['settings']) for a in attempts})} settings tried; the last: " if len(attempts) > 1 else ""
    keys = ("before", "after", "low", "flips", "ties", "max_difference", "mean_difference")
    proof = {key: last.get(key) for key in keys}
    return {
        "precision": precision,
        "split": last.get("split"),
        "proof": proof,
        "attempts": attempts,
        "why": f"{tried}{last['why']}",
    }
