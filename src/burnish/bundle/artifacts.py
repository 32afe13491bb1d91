"""Artifacts: what a bundle was exported to, proved, each in its own folder inside the bundle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from burnish.core.errors import InputError
from burnish.core.files import folder_aside, manifest_names, write_json, write_manifest
from burnish.core.written import as_written, not_written, read_golden, read_object, require_kinds

FOLDER, FACTS, GOLDEN = "artifacts", "artifact.json", "golden.json"
MANY = 100_000_000  # tokens, more than any row has


@dataclass(frozen=True)
class Artifact:
    """A model in another format, with what is to be known of it.

    Attributes:
        path: its folder.
        facts: artifact.json: `format` (kind of the runtime that reads it), `precision`, `file`, `inputs` {name: {type,
            shape}}, `exporter`, `measured` (the row of the gate) and more.
    """

    path: Path
    facts: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of its folder, such as onnx-int8."""
        return self.path.name

    @property
    def format(self) -> str:
        """The kind of runtime that reads it; a plain weights folder has none."""
        return str(self.facts.get("format") or "")

    @property
    def hardware(self) -> str:
        """The NPU or FPGA it was made for; empty where it is for whoever runs its format."""
        return str(self.facts.get("hardware", {}).get("kind", ""))

    @property
    def file(self) -> Path:
        """The file a runtime opens."""
        return self.path / str(self.facts["file"])

    @property
    def tolerance(self) -> float:
        """How far a golden probability may be off on another machine."""
        return float(self.facts["tolerance"])

    @property
    def max_length(self) -> int | None:
        """The most tokens of a row it reads, where it reads fewer than the bundle's own model."""
        return cast("int | None", self.facts.get("max_length"))

    @property
    def preprocessing(self) -> bool:
        """Whether its graph does the last part of the preprocessing itself."""
        return bool(self.facts.get("exporter", {}).get("preprocessing"))

    @property
    def raw(self) -> bool:
        """Whether its graph does all of the preprocessing, for one row at a time."""
        return bool(self.facts.get("raw"))

    @property
    def library(self) -> str:
        """What a runtime must have registered to open it, beside its own operators; empty: nothing."""
        return str(self.facts.get("library") or "")

    @property
    def stands_in(self) -> bool:
        """Whether it may answer where nothing else was asked for: float32, which the gate lets pass only where it decides
        as the trained weights do, and any number of rows of any length."""
        shapes = [told["shape"] for told in self.facts.get("inputs", {}).values()]
        free = bool(shapes) and all(isinstance(shape[0], str) for shape in shapes) and self.max_length is None
        return free and self.facts.get("precision") == "float32" and not self.hardware

    def golden(self) -> list[dict[str, Any]]:
        """The bundle's golden rows with this artifact's own answers."""
        return read_golden(self.path / GOLDEN)

    @staticmethod
    def read(folder: Path) -> Artifact:
        """The artifact in a folder.

        Raises:
            InputError: there is none, or what is said of it is not of the form that burnish writes.
        """
        if not (folder / FACTS).is_file():
            raise InputError(f"there is no {FACTS}", expected="an exported artifact", place=str(folder))
        facts = read_object(folder / FACTS)
        _require_facts(facts, folder / FACTS)
        return Artifact(folder, facts)


def listed(bundle: Path) -> list[Artifact]:
    """The artifacts that belong to a bundle: those in its manifest, the fastest first (median time of one row)."""
    suffix = f"/{FACTS}"
    folders = [
        n.removesuffix(suffix) for n in manifest_names(bundle) if n.startswith(f"{FOLDER}/") and n.endswith(suffix)
    ]
    return sorted((Artifact.read(bundle / name) for name in folders), key=_speed)


def _speed(artifact: Artifact) -> tuple[float, str]:
    latency = artifact.facts.get("measured", {}).get("latency", {}).get("1", {})
    return float(latency.get("p50_ms", float("inf"))), artifact.name


def _number(facts: dict[str, Any], name: str, place: Path) -> int:
    require_kinds(facts, {name: int}, place)
    return int(facts[name])


def _require_facts(facts: dict[str, Any], place: Path) -> None:
    """Check what is read of them, whoever wrote them."""
    with as_written(place, place.name):
        require_kinds(facts, {"file": str}, place)
        if facts.get("format"):
            require_kinds(facts, {"format": str}, place)
            require_kinds(facts, {"inputs": dict, "precision": str, "tolerance": (int, float)}, place)
        if Path(facts["file"]).name != facts["file"] or not facts["file"].strip(".") or "\\" in facts["file"]:
            raise not_written(f"'file' is {facts['file']!r}", "the name of a file beside it", place)
        for name, told in facts.get("inputs", {}).items():
            require_kinds(told, {"type": str, "shape": list}, place)
            if not told["shape"] or not all(isinstance(n, str) or (type(n) is int and n > 0) for n in told["shape"]):
                raise not_written(f"the shape of input {name!r} is {told['shape']!r:.80}", "numbers and words", place)
        if facts.get("max_length") is not None and not 0 < _number(facts, "max_length", place) < MANY:
            raise not_written(f"'max_length' is {facts['max_length']!r}", "a number of tokens", place)
        if not 0 <= float(facts.get("tolerance", 0)) <= 1:
            raise not_written(f"'tolerance' is {facts['tolerance']!r}", "a number from 0 to 1", place)
        _speed(Artifact(place.parent, facts))


def chosen(bundle: Path, format: str, name: str | None = None) -> Artifact:
    """The artifact a runtime should open: the named one, or the fastest of its format that is for no one hardware.

    Raises:
        InputError: the bundle has none.
    """
    every = listed(bundle)
    fitting = [a for a in every if a.format == format and (a.name == name if name else not a.hardware)]
    if fitting:
        return fitting[0]
    wanted = f"artifact {name!r}" if name else f"artifact for runtime {format!r}"
    raise InputError(
        f"the bundle has no {wanted}",
        expected="one of " + ", ".join(a.name for a in every) if every else "an exported bundle",
        fix=f"burnish export {bundle} --to {format}",
        place=str(bundle),
    )


@contextmanager
def adding(bundle: Path, name: str) -> Iterator[Path]:
    """A folder to fill, which becomes `artifacts/NAME` of a bundle when it is complete.

    An artifact of the same name leaves the bundle's manifest before its files are replaced, so that at every instant
    the bundle is whole, with or without it.
    """
    place = f"{FOLDER}/{name}"
    with folder_aside(bundle / place) as aside:
        yield aside
        if (bundle / place).exists():
            write_manifest(bundle, without=[place])
    write_manifest(bundle)


def write_facts(folder: Path, facts: dict[str, Any], golden: list[dict[str, Any]]) -> None:
    """What is to be known of an artifact, and its own answers to the golden rows."""
    write_json(folder / FACTS, facts)
    write_json(folder / GOLDEN, golden)
