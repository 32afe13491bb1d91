"""Bundle: everything needed to use a trained model, in one folder, without pickle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from burnish.bundle import artifacts
from burnish.bundle.artifacts import Artifact
from burnish.bundle.files import CARD, DECODER, FORMAT, GOLDEN, MODEL, SETTINGS, read_settings, require_whole
from burnish.bundle.processors import processor_of, save_processor
from burnish.bundle.signature import require_signed, trusted
from burnish.core.batch import Example
from burnish.core.component import build, component_class
from burnish.core.errors import InputError, NonFinite
from burnish.core.files import folder_aside, write_json, write_manifest, write_text
from burnish.core.processor import Processor, joined
from burnish.core.written import as_written, read_golden, read_object

if TYPE_CHECKING:
    from burnish.decoders import Decoder
    from burnish.inputs import Input
    from burnish.targets import Target

TOLERANCE = 1e-4  # of a golden probability: float32 on another machine, not another model


def _one_pass() -> Decoder:
    """The decoder of bundles that name none."""
    return cast("Decoder", build("burnish.decoders", "one_pass"))


@dataclass(frozen=True)
class Bundle:
    """A trained model on disk.

    Attributes:
        path: the folder.
        input, target: how rows become numbers, and logits answers.
        processor: the tokenizer or the like.
        settings: bundle.json, whole.
        decoder: how what the network gives becomes answers; bundles of 0.8.0 and older answer in one pass.
    """

    path: Path
    input: Input
    target: Target
    processor: Processor
    settings: dict[str, Any]
    decoder: Decoder = field(default_factory=_one_pass)

    @property
    def model(self) -> dict[str, Any]:
        """The recipe's model settings, with `kind`."""
        return cast(dict[str, Any], self.settings["model"])

    @staticmethod
    def load(path: Path, *, trust_code: bool = False, trust: Sequence[str | Path] | None = None) -> Bundle:
        """A bundle, its files checked against their hashes.

        Args:
            path: the bundle, or the run it is in.
            trust_code: whether components from outside burnish, which the bundle names, may be imported. What the
                recipe said does not count here: whoever loads a bundle decides.
            trust: files of public keys, of which one must have signed the manifest; nothing but the manifest is read
                before that is known. None: those that the environment names (`BURNISH_TRUST`); empty: no signature is
                looked at.

        Raises:
            InputError: not a bundle, of a newer format, not signed by a key that is trusted, or with files that are
                missing, changed, or not in the manifest (named); or a file that is not what burnish writes.
        """
        folder = path / "bundle" if (path / "bundle" / SETTINGS).is_file() else path
        if not (folder / SETTINGS).is_file():
            raise InputError(
                "not a bundle", expected=f"a folder with {SETTINGS}, or a run with bundle/", place=str(path)
            )
        keys = trusted() if trust is None else [Path(key) for key in trust]
        manifest = require_signed(folder, keys) if keys else None
        require_whole(folder, manifest)
        settings = read_settings(folder)
        read_golden(folder / GOLDEN)
        with as_written(folder / SETTINGS, SETTINGS):
            input_ = cast("Input", build("burnish.inputs", settings["input"], place="input", trust_code=trust_code))
            target = cast("Target", build("burnish.targets", settings["target"], place="target", trust_code=trust_code))
            named = settings.get("decoder", "one_pass")
            decoder = cast("Decoder", build("burnish.decoders", named, place="decoder", trust_code=trust_code))
            decoder = decoder.with_files(folder / DECODER)
            if ":" in settings["model"]["kind"]:  # imported here, where it is known whether that is allowed
                component_class("burnish.models", settings["model"]["kind"], place="model", trust_code=trust_code)
        with as_written(folder / MODEL, "what rows are encoded with"):
            processor = processor_of(input_, target, folder / MODEL, settings["processor"])
        return Bundle(folder, input_, target, processor, settings, decoder)

    def artifacts(self) -> list[Artifact]:
        """What it was exported to, proved; the fastest first."""
        return artifacts.listed(self.path)

    def reading(self, artifact: Artifact) -> Bundle:
        """This bundle as an artifact reads rows: cut where its fixed shapes end, not processed where its graph does it."""
        bundle = self.raw() if artifact.raw else self.unprocessed() if artifact.preprocessing else self
        if artifact.max_length is None:
            return bundle
        return replace(bundle, processor=bundle.processor.cut_at(artifact.max_length))

    def unprocessed(self) -> Bundle:
        """This bundle as a graph reads rows that does the last part of the preprocessing itself.

        Raises:
            InputError: there is no such part.
        """
        from burnish.inputs import InGraph

        input_ = self.input
        processor = input_.unprocessed(self.processor.for_input) if isinstance(input_, InGraph) else None
        if processor is None:
            raise InputError(
                f"nothing of what {self.input.kind()!r} does here before the network can be done by a graph",
                expected="pictures, or sounds of which the network reads a log_mel or whisper spectrogram",
                fix="export without --preprocessing",
                place=str(self.path),
            )
        return replace(self, processor=joined(self.processor, processor))

    def raw(self) -> Bundle:
        """This bundle as a graph reads rows that does all of the preprocessing.

        Raises:
            InputError: there is no such graph for its input.
        """
        from burnish.inputs import InGraph

        if not isinstance(self.input, InGraph):
            raise InputError(
                f"a graph cannot read examples of {self.input.kind()!r} as they are",
                expected="texts, pictures or sounds",
                fix="export without --raw",
                place=str(self.path),
            )
        if (joining := getattr(self.target, "joining", "mean")) != "mean":
            raise InputError(
                f"a graph that reads examples as they are joins views by their mean, but this model by {joining}",
                expected="target.joining: mean",
                fix="export without --raw",
                place=str(self.path),
            )
        return replace(self, processor=joined(self.processor, self.input.raw(self.processor.for_input)))

    def golden(self) -> list[dict[str, Any]]:
        """The rows kept with their outputs."""
        return read_golden(self.path / GOLDEN)


@dataclass(frozen=True)
class Contents:
    """What a bundle is made of.

    Attributes:
        save_model: writes weights and configuration into a folder.
        input, target, processor: as trained.
        model: the recipe's model settings, with `kind`.
        facts: task, data hashes, versions, resolved recipe: plain values for bundle.json.
        card: text of the model card.
        golden: examples to keep, see `save`.
        decoder: how what the network gives becomes answers.
    """

    save_model: Any
    input: Input
    target: Target
    processor: Processor
    model: dict[str, Any]
    facts: dict[str, Any]
    card: str
    golden: Sequence[Example]
    decoder: Decoder = field(default_factory=_one_pass)

    def bundle(self, path: Path) -> Bundle:
        """The bundle that this becomes in a folder."""
        settings = {
            "format": FORMAT,
            "model": self.model,
            "input": self.input.model_dump(),
            "target": self.target.model_dump(),
            "processor": self.processor.settings(),
            "decoder": self.decoder.model_dump(mode="json"),
            **self.facts,
        }
        return Bundle(path, self.input, self.target, self.processor, settings, self.decoder)


def _numbers(recorded: Mapping[str, Any]) -> bool:
    """Whether an answer and its probabilities are finite."""
    number = recorded["answer"] if isinstance(recorded["answer"], float) else 0.0
    return bool(np.isfinite([number, *recorded["probabilities"]]).all())


def save(path: Path, contents: Contents, golden: Sequence[Mapping[str, Any]]) -> Bundle:
    """Write a bundle; it appears under its name only when it is complete.

    Args:
        path: the new folder.
        contents: what it is made of.
        golden: its examples with the network's answers, see `burnish.answering.opening.recorded`.

    Raises:
        NonFinite: the network gives no numbers for the rows that are kept in it.
    """
    bundle = contents.bundle(path)
    if any(not _numbers(row) for row in golden):
        raise NonFinite(
            "the network gives NaN or infinity for training examples",
            expected="numbers: such a network is no model, and no bundle is made of it",
            fix="start a new run with a lower learning_rate (or precision: float32)",
            place=str(path),
        )
    with folder_aside(path) as aside:
        model = aside / MODEL
        model.mkdir()
        contents.save_model(model)
        decoder = contents.decoder.save_files(aside / DECODER).model_dump(mode="json")
        save_processor(contents.input, contents.target, contents.processor, model)
        write_json(aside / SETTINGS, {**bundle.settings, "decoder": decoder})
        write_json(aside / GOLDEN, list(golden))
        write_text(aside / CARD, contents.card)
    return bundle


def seal(path: Path, *, card: str | None = None, facts: Mapping[str, Any] | None = None) -> None:
    """Change the card or add facts (such as test scores) to a finished bundle, and hash it anew."""

    if facts:
        write_json(path / SETTINGS, {**read_object(path / SETTINGS), **facts})
    if card is not None:
        write_text(path / CARD, card)
    write_manifest(path)
