"""The verb `export`: a bundle becomes artifacts, each proved by answering the held-out rows itself."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from burnish.answering.opening import recorded
from burnish.bundle import artifacts
from burnish.bundle.artifacts import Artifact
from burnish.bundle.bundle import Bundle
from burnish.compression import Compression
from burnish.core.errors import InputError, RunFailed
from burnish.core.fixed_size import pieces
from burnish.core.predictions import Predictions
from burnish.evaluation.latency import SIZES, latency
from burnish.evaluation.parity import LOST
from burnish.exporters import Exportable, Exporter, preceded
from burnish.exporters.onnx import Onnx
from burnish.inputs import InGraph
from burnish.report import exports as report_exports
from burnish.runtimes.torch import running
from burnish.stages.export import alone
from burnish.stages.export.aware import rounding
from burnish.stages.export.exports import Exports, Say, facts_of, telling_of_signature
from burnish.stages.export.gate import Accepted, Gate, Rejected
from burnish.stages.export.hardware_check import Check
from burnish.stages.export.prompts import RECORDINGS, transcribing_speed
from burnish.stages.export.table import write_table
from burnish.stages.export.wishes import Wish
from burnish.stages.export.written import export_written
from burnish.stages.held_out import HeldOut, held_out
from burnish.stages.outside import require_apart
from burnish.targets import Filed

SPEED_ROWS = 256  # rows that batches are timed on


def export(
    run: Path,
    wishes: Sequence[Wish],
    *,
    out: Path | None = None,
    bound: float = LOST,
    trust_code: bool = False,
    say: Say = lambda text: None,
) -> dict[str, Any]:
    """Export a bundle; what passes the gate is kept, with what was measured.

    Args:
        run: a run or bundle. Its training, validation and test rows are read again.
        wishes: formats, each with its compressions.
        out: a new folder for the artifacts; None: `artifacts/` of the bundle.
        bound: of the deciding metric, what may be lost.
        trust_code: whether components from outside burnish may be imported.
        say: told what is being done, in sentences.

    Returns:
        What export.json holds: `metric`, `bound`, `threads`, `rows` [{name, status, why, proof, bytes, latency ...}].

    Raises:
        InputError: no such run, its data is gone, or a library is missing.
        RunFailed: one or more exports were refused (after all others were made and the table was written).
    """
    if out is not None and out.exists():
        raise InputError("the folder is there already", fix="choose another --out", place=str(out))
    bundle = Bundle.load(run, trust_code=trust_code)
    if out is not None:
        told = bundle.settings["recipe"]["data"]
        require_apart(out, [told.get(name) for name in ("train", "validation", "test")])
    if isinstance(bundle.target, Filed):
        raise InputError(
            f"no format of an export writes what target {bundle.target.kind()!r} predicts",
            fix="serve the bundle as it is: torch computes it; its folder model/ loads in plain transformers",
            place=str(run),
        )
    # Before anything that takes time: there may be no such graph.
    if bundle.decoder.writes():
        return export_written(bundle, wishes, held_out(bundle, trust_code=trust_code), out, bound, say)
    fronts = [bundle.raw().processor.front() if getattr(w.exporter, "raw", False) else None for w in wishes]
    exporting = Exporting(bundle, held_out(bundle, trust_code=trust_code), out, bound, say)
    rows = [exporting.baseline()]
    with telling_of_signature(bundle, say):
        for wish, front in zip(wishes, fronts, strict=True):
            rows += exporting.export(wish, front)
    result = exporting.write(rows)
    refused = [row for row in rows if row["status"] == "refused"]
    if refused:
        raise _refusal(refused, bound, result["metric"], bundle.path)
    return result


def _refusal(refused: Sequence[Mapping[str, Any]], bound: float, metric: str, place: Path) -> RunFailed:
    expected, fix = [], []
    lacking = [row["hardware"] for row in refused if "hardware" in row and row["split"] is None]  # nothing was answered
    if lacking:
        expected.append("operators that are on the list: " + "; ".join(h["source"] for h in lacking))
        fix.append("let those operators run on the host's CPU with --allow-fallback, or train another model")
    if len(lacking) < len(refused):
        expected.append(f"a drop of {metric} of at most {bound:g} (one-sided 95 % bound)")
        fixed = all("hardware" in row for row in refused)  # its form of integers cannot be made more careful
        other = "another network or other hardware" if fixed else "a more careful precision (int8_weights, float16)"
        fix.append(f"choose {other}, or accept more with --bound")
    return RunFailed(
        "; ".join(f"{row['name']} was rejected: {row['why']}" for row in refused),
        expected="; ".join(expected),
        fix="; ".join([*fix, "nothing was written for what was rejected"]),
        place=str(place),
    )


class Exporting(Exports):
    """The export of a bundle that answers in one pass.

    Args:
        bundle, held, out, say: as of `Exports`.
        bound: of the deciding metric, what may be lost.
    """

    def __init__(self, bundle: Bundle, held: HeldOut, out: Path | None, bound: float, say: Say) -> None:
        super().__init__(bundle, held, out, say)
        self.gate = Gate(bundle, held, running(self.network), self._tested(), bound, say)

    def _tested(self) -> Predictions | None:
        """The answers of the sealed test, where the run is there."""
        path = self.bundle.path.parent / "predictions.parquet"
        if self.bundle.path.name != "bundle" or not path.is_file() or "test" not in self.held.parts:
            return None
        predictions = Predictions.load(path)
        return predictions if len(predictions) == len(self.held.parts["test"]) else None

    def baseline(self) -> dict[str, Any]:
        """The trained network in torch: what everything is compared with."""
        metric, before = self.gate.metric, self.gate.before(self.held.proving)
        return {
            "name": "torch-float32",
            "status": "trained",
            "split": self.held.proving,
            "proof": {"metric": metric.label, "before": metric.value(before), "after": metric.value(before)},
            "bytes": self.trained_bytes,
            "latency": self._latency(self.gate.run, self.bundle),
            **self._heard(self.gate.run, self.bundle),
        }

    def export(self, wish: Wish, front: Any) -> list[dict[str, Any]]:
        """The float32 model of one exporter and its compressions; one row each.

        Args:
            wish: what is asked for.
            front: what its graphs are to do before all else; None: nothing.
        """
        with tempfile.TemporaryDirectory(prefix=".writing-export-", dir=self.beside()) as scratch:
            if wish.check is not None:
                return self._for_hardware(wish, wish.check, Path(scratch))
            folder = Path(scratch) / "float32"
            folder.mkdir()
            kind = wish.exporter.kind()
            facts = self._exported(wish.exporter, folder)
            rows = [self._kept(f"{kind}-float32", self._whole(self.gate.float32(folder, facts), front))]
            for compression in wish.compressions:
                whole = self._aware(wish.exporter, compression, Path(scratch)) or (folder, facts)
                result = self.gate.compressed(*whole, compression, self._calibration(compression, Artifact(*whole)))
                rows.append(self._kept(f"{kind}-{compression.precision}", self._whole(result, front)))
        return rows

    def _whole(self, result: Accepted | Rejected, front: Any) -> Accepted | Rejected:
        """What passed the gate, with all preprocessing before it where that is asked for: it must pass so as well."""
        if front is None or isinstance(result, Rejected):
            return result
        from burnish.exporters.onnx.raw import preceded_by

        folder = result.folder.parent / f"{result.folder.name}-raw"
        folder.mkdir()
        self.say(f"{result.facts['precision']}: with all preprocessing inside")
        return self.gate.again(result, folder, preceded_by(front, result.folder / result.facts["file"], folder))

    def _exported(self, exporter: Exporter, folder: Path) -> dict[str, Any]:
        kind = exporter.kind()
        self.say(f"{kind}: exporting")
        told = exporter.export(self._source(exporter), folder, lambda text: self.say(f"{kind}: {text}"))
        return facts_of(exporter, told)

    def _aware(self, exporter: Exporter, compression: Compression, scratch: Path) -> tuple[Path, dict[str, Any]] | None:
        """The graph that rounds as the network was trained to, and its facts; None for other compressions."""
        if getattr(compression, "method", "") != "aware_int8":
            return None
        folder = scratch / "aware"
        folder.mkdir()
        with rounding(self.bundle, self.network):
            return folder, self._exported(exporter, folder)

    def _for_hardware(self, wish: Wish, check: Check, scratch: Path) -> list[dict[str, Any]]:
        """The quantised model for a piece of hardware; the float32 model is only the way to it, and is not kept."""
        folder, facts = check.plainest(cast(Onnx, wish.exporter), scratch, self._exported)
        float32 = self.gate.float32(folder, facts)
        if isinstance(float32, Rejected):
            return [self._kept(f"onnx-float32-{check.label}", float32)]
        rows = []
        for compression in wish.compressions:
            calibration = self._calibration(compression, Artifact(folder, facts))
            result = self.gate.compressed(folder, facts, compression, calibration, check)
            rows.append(self._kept(f"onnx-{compression.precision}-{check.label}", result))
        return rows

    def _source(self, exporter: Exporter) -> Exportable:
        inside = bool(getattr(exporter, "preprocessing", False))
        network: Any = self.network
        bundle = self.bundle.unprocessed() if inside else self.bundle
        if inside:
            network = preceded(cast(InGraph, bundle.input).graph(self.bundle.processor.for_input), network)
        return self.exportable(network, bundle)

    def _calibration(self, compression: Compression, artifact: Artifact) -> list[dict[str, Any]]:
        if getattr(compression, "method", "") != "static_int8":
            return []
        part = self.held.limited("train", 4 * int(getattr(compression, "calibration_rows", 128)))
        shapes = {name: told["shape"] for name, told in artifact.facts["inputs"].items()}
        batches = self.held.batches(part, min(8, len(part)), self.bundle.reading(artifact))
        return [piece for batch in batches for piece, _, _ in pieces(batch, shapes)]

    def _kept(self, name: str, result: Accepted | Rejected) -> dict[str, Any]:
        """Write what was accepted under its name; the row of the table."""
        row: dict[str, Any] = {"name": name, **result.row}
        if isinstance(result, Rejected):
            self.say(f"{name}: rejected: {result.row['why']}")
            return {**row, "status": "refused"}
        files = [
            p for p in result.folder.iterdir() if p.is_file() and p.name not in (artifacts.FACTS, artifacts.GOLDEN)
        ]
        row |= {
            "status": "passed",
            "bytes": sum(p.stat().st_size for p in files if p.suffix not in (".json", ".txt", ".md")),
            "latency": self._latency(result.run, result.bundle),
            **self._heard(result.run, result.bundle),
        }
        facts = {**result.facts, "measured": {key: row[key] for key in ("split", "proof", "bytes", "latency")}}
        golden = recorded(result.bundle, result.run, [r["example"] for r in self.bundle.golden()])
        with self.kept(name) as aside:
            for path in files:
                os.replace(path, aside / path.name) if result.movable else shutil.copy2(path, aside / path.name)
            artifacts.write_facts(aside, facts, golden)
            self._told(aside, facts, result.bundle)
        self.say(f"{name}: passed, {row['bytes'] / 2**20:.1f} MiB")
        return row

    def _told(self, folder: Path, facts: dict[str, Any], bundle: Bundle) -> None:
        """What others must know to use it: in a graph, and outside of a bundle beside it."""
        settings = alone.settings_of(bundle, facts)
        if facts["format"] == Onnx.runtime:
            alone.into_graph(folder / facts["file"], settings)
        if self.out and facts["format"]:
            alone.beside(folder, self.bundle, facts, settings)

    def _latency(self, run: Any, bundle: Bundle) -> dict[str, Any]:
        part = self.held.limited(self.held.choosing, SPEED_ROWS)
        return latency(run, {size: list(self.held.batches(part, size, bundle))[:64] for size in SIZES})

    def _heard(self, run: Any, bundle: Bundle) -> dict[str, Any]:
        """The real-time factor of a network that hears and spells; nothing of others."""
        if bundle.target.shape != "frames":
            return {}
        return {
            "speed": transcribing_speed(self.held, self.held.limited(self.held.proving, max(RECORDINGS)), run, bundle)
        }

    def write(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """export.json and the section of the report; rows of earlier exports of other names are kept."""
        for sentence in report_exports.slower(rows):
            self.say(sentence)
        return write_table(self.bundle, self.out, rows, metric=self.gate.metric.label, bound=self.gate.bound)
