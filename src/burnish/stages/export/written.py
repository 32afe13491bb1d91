"""The export of models that write: each artifact answers the held-out prompts as the bundle does, token for token."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from burnish.answering.opening import recorded
from burnish.bundle import artifacts
from burnish.bundle.artifacts import Artifact
from burnish.bundle.bundle import Bundle
from burnish.bundle.files import MODEL
from burnish.compression import Compression
from burnish.core.component import build, component_class, kinds
from burnish.core.errors import InputError, RunFailed
from burnish.core.predictions import Predictions
from burnish.data.table import Part
from burnish.evaluation.parity import changed_words
from burnish.evaluation.scores import metrics_for
from burnish.evaluation.written_parity import (
    Written,
    WrittenParity,
    deciding_metric,
    written_parity,
)
from burnish.exporters import Exporter
from burnish.report.exports import TRANSCRIPTS
from burnish.runtimes import Generate, Runtime
from burnish.runtimes.torch import computing
from burnish.stages.export.exports import Exports, Say, facts_of, telling_of_signature
from burnish.stages.export.memory import peak_memory
from burnish.stages.export.prompts import prompts_of
from burnish.stages.export.recording import Recording
from burnish.stages.export.table import write_table
from burnish.stages.export.wishes import Wish
from burnish.stages.held_out import HeldOut
from burnish.targets import Generative

AXIS = "burnish.exporters"
PROMPTS = 128  # held-out prompts that are answered at most
TOLERANCE = 0.05  # of golden probabilities; what is written has none


class WrittenExports(Exports):
    """The export of a bundle that writes.

    Args:
        bundle: what is exported.
        held: its splits.
        out: a folder for artifacts; None: the bundle's own.
        bound: of the deciding score, what may be lost.
        say: told what is being done.
    """

    def __init__(self, bundle: Bundle, held: HeldOut, out: Path | None, bound: float, say: Say) -> None:
        super().__init__(bundle, held, out, say)
        self.bound = bound
        self.split = held.proving
        self.part: Part = held.limited(self.split, PROMPTS)
        self.prompts = prompts_of(self.network, bundle, held, self.part)
        self.compute = cast(Generate, computing(self.network, bundle.decoder))
        self.say(f"torch: {len(self.part):,} {self.split} prompts are answered")
        self.before = self._answers(self.compute)
        self.metric = deciding_metric(metrics_for(bundle.target), bundle.target, self.before[0])

    def baseline(self) -> dict[str, Any]:
        """The trained network in torch: what everything is compared with."""
        value, table = self.metric.value(self.before[0].known), self.before[0]
        return {
            "name": "torch-float32",
            "status": "trained",
            "split": self.split,
            "proof": {
                "metric": self.metric.label,
                "before": value,
                "after": value,
                "rows": len(table),
                "same": len(table),
                "agreement": 1.0,
                **dict(zip(("changed_words", "words"), changed_words(table, table), strict=True)),
                "stop_rate": [float(np.nanmean(table.numbers("stopped")))] * 2,
                "lengths": [float(np.nanmean(table.numbers("written")))] * 2,
            },
            "bytes": self.trained_bytes,
            "speed": self.prompts.speed(self.compute),
            "peak_memory": self._memory("torch-float32", "torch", self.bundle.path / MODEL),
        }

    def export(self, wish: Wish) -> list[dict[str, Any]]:
        """What one wish becomes: the precision that is asked for, else the next safer one that passes; then its compressions."""
        place, rows = self.beside(), list[dict[str, Any]]()
        for exporter in ladder(wish.exporter):
            with tempfile.TemporaryDirectory(prefix=".writing-export-", dir=place) as scratch:
                folder = Path(scratch) / precision_of(exporter)
                folder.mkdir()
                rows.append(self._tried(exporter, folder))
                passed = rows[-1]["status"] == "passed"
                rows += self._compressed(exporter, wish.compressions, folder) if passed else []
            if passed:
                break
        return rows

    def _tried(self, exporter: Exporter, folder: Path) -> dict[str, Any]:
        kind, precision = exporter.kind(), precision_of(exporter)
        name = f"{kind}-{precision}"
        self.say(f"{name}: exporting")
        source = self.exportable(self.network, self.bundle)
        told = exporter.export(source, folder, lambda text: self.say(f"{name}: {text}"))
        facts = facts_of(exporter, {"precision": precision, "tolerance": TOLERANCE, **told})
        return self._proved(name, facts, folder)

    def _compressed(self, exporter: Exporter, compressions: Sequence[Compression], made: Path) -> list[dict[str, Any]]:
        """Of each compression the first setting, from the fastest to the safest, that passes; else the last one.

        Args:
            exporter: by which the float model was made.
            compressions: what is asked for.
            made: the folder of the float model, with its facts.
        """
        rows = []
        for compression in compressions:
            name, settled = f"{exporter.kind()}-{compression.precision}", compression.settled()
            if settled.words:
                self.say(f"{name}: {settled.words}")
            first = settled.compression
            for number, setting in enumerate((first, *first.safer(), *first.safest())):
                folder = made.parent / f"{compression.precision}-{number}"
                folder.mkdir()
                facts = {**Artifact.read(made).facts, "precision": compression.precision, **settled.facts}
                facts.pop("measured", None)
                self.say(f"{name}: compressing")
                for path in made.iterdir():  # tokenizer and template; the weights are written anew
                    if not path.name.startswith((facts["file"], artifacts.FACTS, artifacts.GOLDEN)):
                        shutil.copy2(path, folder / path.name)
                setting.compress(made / facts["file"], folder / facts["file"], [])
                row = self._proved(name, {**facts, "compression": setting.model_dump(mode="json")}, folder)
                shutil.rmtree(folder)
                if row["status"] == "passed":
                    break
            rows.append(row)
        return rows

    def _proved(self, name: str, facts: dict[str, Any], folder: Path) -> dict[str, Any]:
        """The row of the table of a model that lies in a folder; what passes is kept under its name."""
        artifacts.write_facts(folder, facts, [])
        compute = self._opened(folder)
        proof = written_parity(
            self.before,
            self._answers(compute),
            self.metric,
            self.prompts.gap,
            precision=facts["precision"],
            seed=int(self.held.recipe.seed),
            lost=self.bound,
        )
        words = "passed" if proof.passed else proof.why
        self.say(f"{name}: {proof.same} of {proof.rows} answers are the same token for token; {words}")
        row = _row(name, facts["precision"], proof, self.split)
        if not proof.passed:
            return {**row, "status": "refused", "why": proof.why}
        row |= {"status": "passed", "bytes": _size(folder), "speed": self.prompts.speed(compute)}
        row["peak_memory"] = self._memory(name, facts["format"] or "torch", folder)
        golden = recorded(self.bundle, compute, [one["example"] for one in self.bundle.golden()])
        artifacts.write_facts(folder, {**facts, "measured": row}, golden)
        with self.kept(name) as place:
            shutil.copytree(folder, place, dirs_exist_ok=True)
        return row

    def _opened(self, folder: Path) -> Generate:
        artifact = Artifact.read(folder)
        runtime = cast(Runtime, build("burnish.runtimes", artifact.format or "torch"))
        return runtime.generates(folder, self.bundle.model, self.bundle.input, self.bundle.target)

    def _answers(self, compute: Generate) -> tuple[Predictions, Written]:
        """The table of answers to the prompts, and their token ids by position."""
        recording = Recording(compute, self.prompts.keys)
        predictions = self.held.answers(cast(Any, recording), self.part, self.bundle)
        return predictions, {row: self.prompts.written(row, recording.by_prompt) for row in range(len(self.prompts))}

    def _memory(self, name: str, runtime: str, folder: Path) -> int | None:
        self.say(f"{name}: memory is measured in a process of its own")
        try:
            return peak_memory(runtime, folder, self.bundle, self.prompts.batch(range(self.prompts.memory_rows)))
        except RunFailed as error:  # it has passed already; that it may need more than there is does not undo that
            self.say(f"{name}: {error.found}")
            return None


def export_written(
    bundle: Bundle, wishes: Sequence[Wish], held: HeldOut, out: Path | None, bound: float, say: Say
) -> dict[str, Any]:
    """The export of a model that writes; see `stages.export.run.export`.

    Raises:
        InputError: a format that does not write.
        RunFailed: what was asked for is refused in every precision.
    """
    _require_writing(wishes, bundle)
    exporting = WrittenExports(bundle, held, out, bound, say)
    rows, refused = [exporting.baseline()], []
    with telling_of_signature(bundle, say):
        for wish in wishes:
            tried = exporting.export(wish)
            rows += tried
            refused += lost(tried)
    written = TRANSCRIPTS if bundle.target.shape == "decoded" else True
    result = write_table(bundle, out, rows, metric=exporting.metric.label, bound=bound, written=written)
    if refused:
        raise refusal(refused, bundle.path, bound)
    return result


def _require_writing(wishes: Sequence[Wish], bundle: Bundle) -> None:
    """Refuse, before anything takes time, what writes nothing or is made of whole answers."""
    writing = [k for k in kinds("burnish.exporters") if cast("type[Exporter]", component_class(AXIS, k)).writes]
    for wish in wishes:
        if any(getattr(one, "method", "") == "static_int8" for one in wish.compressions):
            raise InputError(
                "static_int8 is calibrated on whole examples, and this model writes token by token",
                expected="int8, int8_weights or float16",
                place="--quantize",
            )
        if wish.check is not None:
            raise InputError(
                "hardware takes graphs of fixed shapes, and this model writes token by token",
                fix="leave --hardware out",
                place="--hardware",
            )
        if not wish.exporter.writes:
            raise InputError(
                f"predictions of this model are generated by decoder {bundle.decoder.kind()!r}, and {wish.exporter.kind()!r} "
                "gives them in one pass",
                expected="one of " + ", ".join(writing),
                fix="burnish export RUN --to ctranslate2",
                place="--to",
            )
        wish.exporter.require(bundle.target)
        reads = cast(Runtime, build("burnish.runtimes", wish.exporter.runtime or "torch"))
        reads.require(bundle.decoder, bundle.target, cast(Generative, bundle.target).ends(bundle.processor))


def lost(tried: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of the rows of one wish what it does not get: all of it where nothing passed, else the compressions that did not."""
    first = next((n for n, row in enumerate(tried) if row["status"] == "passed"), None)
    if first is None:
        return list(tried[-1:])
    return [row for row in tried[first:] if row["status"] == "refused"]


def precision_of(exporter: Exporter) -> str:
    """The number type that it writes."""
    return str(getattr(exporter, "precision", "float32"))


def ladder(exporter: Exporter) -> Iterator[Exporter]:
    """As it is asked for, then each safer precision it has."""
    yield exporter
    known: Sequence[str] = getattr(type(exporter), "safer", {}).get(precision_of(exporter), ())
    for precision in known:
        yield exporter.model_copy(update={"precision": precision})


def _row(name: str, precision: str, proof: WrittenParity, split: str) -> dict[str, Any]:
    told = proof.as_values()
    listed = told.pop("listed")
    return {"name": name, "precision": precision, "split": split, "proof": told, "listed": listed}


def _size(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def refusal(refused: Sequence[Mapping[str, Any]], place: Path, bound: float) -> RunFailed:
    """The error for wishes of which no precision passed."""
    return RunFailed(
        "; ".join(f"{row['name']} was rejected: {row['why']}" for row in refused),
        expected=f"the trained model's own answers, but for rounding; in 8 bits a score that drops by at most {bound:g}",
        fix="choose a more careful precision, or accept more with --bound; nothing was written for what was rejected",
        place=str(place),
    )
