"""The export of models that write: each artifact answers the held-out prompts as the bundle does, token for token."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from burnish.answering.opening import recorded
from burnish.bundle import artifacts
from burnish.bundle.artifacts import Artifact
from burnish.bundle.bundle import Bundle
from burnish.bundle.files import MODEL
from burnish.core.batch import Array
from burnish.core.component import build, component_class, kinds
from burnish.core.errors import InputError, RunFailed
from burnish.core.generated import Ends, Generated, Progress
from burnish.core.predictions import Predictions
from burnish.data.table import Part
from burnish.decoders import Decoder
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
from burnish.runtimes import Generate, Runtime, Together
from burnish.runtimes.torch import computing
from burnish.stages.export.exports import Exports, Say, facts_of, telling_of_signature
from burnish.stages.export.memory import peak_memory
from burnish.stages.export.prompts import prompts_of
from burnish.stages.export.table import write_table
from burnish.stages.export.wishes import Wish
from burnish.stages.held_out import HeldOut
from burnish.targets import Generative

AXIS = "burnish.exporters"
PROMPTS = 128  # held-out prompts that are answered at most
TOLERANCE = 0.05  # of golden probabilities; what is written has none


class Recording:
    """A model that writes, and what it wrote to each prompt.

    Args:
        compute: the model.
        keys: inputs to that by which each prompt is found.
    """

    def __init__(self, compute: Generate, keys: Callable[[Mapping[str, Array]], list[bytes]]) -> None:
        self._compute, self._keys, self.by_prompt = compute, keys, dict[bytes, list[int]]()

    def writing(
        self, arrays: Mapping[str, Array], decoder: Decoder, ends: Ends, seeds: Sequence[int] = ()
    ) -> Iterator[Progress]:
        """As the model; nothing is kept."""
        return self._compute.writing(arrays, decoder, ends, seeds)

    def check(self, decoder: Decoder) -> None:
        """As the model."""
        self._compute.check(decoder)

    def together(self) -> Together:
        """As the model; nothing is kept."""
        return self._compute.together()

    def __call__(
        self, arrays: Mapping[str, Array], decoder: Decoder, ends: Ends, seeds: Sequence[int] = ()
    ) -> list[Generated]:
        """As the model."""
        written = self._compute(arrays, decoder, ends, seeds)
        for key, one in zip(self._keys(arrays), written, strict=True):
            self.by_prompt[key] = one.ids.tolist()
        return written


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
        """What one wish becomes: the precision that is asked for, else the next safer one that passes."""
        place, rows = self.beside(), list[dict[str, Any]]()
        for exporter in ladder(wish.exporter):
            with tempfile.TemporaryDirectory(prefix=".writing-export-", dir=place) as scratch:
                row = self._tried(exporter, Path(scratch))
            rows.append(row)
            if row["status"] == "passed":
                break
        return rows

    def _tried(self, exporter: Exporter, folder: Path) -> dict[str, Any]:
        kind, precision = exporter.kind(), precision_of(exporter)
        name = f"{kind}-{precision}"
        self.say(f"{name}: exporting")
        source = self.exportable(self.network, self.bundle)
        told = exporter.export(source, folder, lambda text: self.say(f"{name}: {text}"))
        facts = facts_of(exporter, {"precision": precision, "tolerance": TOLERANCE, **told})
        artifacts.write_facts(folder, facts, [])
        compute = self._opened(folder)
        proof = written_parity(
            self.before,
            self._answers(compute),
            self.metric,
            self.prompts.gap,
            precision=precision,
            seed=int(self.held.recipe.seed),
            lost=self.bound,
        )
        words = "passed" if proof.passed else proof.why
        self.say(f"{name}: {proof.same} of {proof.rows} answers are the same token for token; {words}")
        row = _row(name, precision, proof, self.split)
        if not proof.passed:
            return {**row, "status": "refused", "why": proof.why}
        row |= {"status": "passed", "bytes": _size(folder), "speed": self.prompts.speed(compute)}
        row["peak_memory"] = self._memory(name, exporter.runtime or "torch", folder)
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
    writing = [k for k in kinds("burnish.exporters") if cast("type[Exporter]", component_class(AXIS, k)).writes]
    for wish in wishes:
        if not wish.exporter.writes or wish.check is not None:
            raise InputError(
                f"predictions of this model are generated by decoder {bundle.decoder.kind()!r}, and {wish.exporter.kind()!r} "
                "gives them in one pass",
                expected="one of " + ", ".join(writing),
                fix="burnish export RUN --to ctranslate2",
                place="--to",
            )
        reads = cast(Runtime, build("burnish.runtimes", wish.exporter.runtime or "torch"))
        reads.require(bundle.decoder, bundle.target, cast(Generative, bundle.target).ends(bundle.processor))
    exporting = WrittenExports(bundle, held, out, bound, say)
    rows, refused = [exporting.baseline()], []
    with telling_of_signature(bundle, say):
        for wish in wishes:
            tried = exporting.export(wish)
            rows += tried
            refused += tried[-1:] if tried[-1]["status"] == "refused" else []
    written = TRANSCRIPTS if bundle.target.shape == "decoded" else True
    result = write_table(bundle, out, rows, metric=exporting.metric.label, bound=bound, written=written)
    if refused:
        raise refusal(refused, bundle.path, bound)
    return result


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
