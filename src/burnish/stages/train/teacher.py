"""A teacher opened: a run for the same target, or a checkpoint that has its head."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from burnish.bundle.bundle import Bundle
from burnish.bundle.files import MODEL
from burnish.core.batch import Array
from burnish.core.component import build
from burnish.core.ensemble import read
from burnish.core.errors import InputError
from burnish.core.network import Network
from burnish.models import Model
from burnish.stages.prepare.ancestry import bundle_folder
from burnish.stages.prepare.prepare import Prepared
from burnish.targets import Named, Target, names_of
from burnish.training.accelerator import Accelerator
from burnish.training.shrinking.distil import Distil
from burnish.training.teacher import Teacher

PLACE = "distil.teacher"
SAMPLED = 1024  # numbers of each weight that go into its hash
SHOWN = 5  # labels or tokens that are named


@dataclass(frozen=True)
class Opened:
    """A teacher, ready to answer.

    Attributes:
        teacher: its network, and how its answers become those of the student.
        bundle: where it was trained; None of a checkpoint.
        reads_alike: whether it can be given what the student reads.
        said: what it is, in words.
    """

    teacher: Teacher
    bundle: Bundle | None
    reads_alike: bool
    said: str

    @property
    def digest(self) -> str:
        """A hash of some numbers of each of its weights: enough to tell teachers apart."""
        digest = hashlib.sha256()
        for parameter in self.teacher.network.parameters():
            flat = parameter.detach().reshape(-1)
            digest.update(flat[:: max(1, len(flat) // SAMPLED)].float().cpu().numpy().tobytes())
        return digest.hexdigest()

    def aligned(self, logits: Array) -> Array:
        """Its logits as the student's stand."""
        import torch

        return self.teacher.aligned(torch.from_numpy(logits)).numpy()

    def require_fitting(self, network: Network) -> None:
        """Check that a network that answers over a vocabulary has one that is no larger.

        Raises:
            InputError: it has tokens that the teacher does not know.
        """
        own, other = network.vocabulary, self.teacher.network.vocabulary
        if own is None or other is None or self.teacher.columns is not None:
            return
        sizes = [int(cast(Any, layer).weight.shape[0]) for layer in (own, other)]
        if sizes[0] != sizes[1]:
            raise InputError(f"the vocabularies have {sizes[0]:,} and {sizes[1]:,} tokens", place=PLACE)


def opened_teacher(prepared: Prepared, distil: Distil, accelerator: Accelerator) -> Opened:
    """The teacher of a run, on its device.

    Raises:
        InputError: it answers something else, or its head was never trained.
    """
    place = bundle_folder(distil.teacher)
    bundle = None if place is None else Bundle.load(place, trust_code=prepared.recipe.trust_code)
    network = _of_checkpoint(prepared, distil) if bundle is None else _of_bundle(prepared, bundle)
    network.to(accelerator.device).eval().requires_grad_(False)
    folder = _checkpoint(prepared, distil).folder() if bundle is None else bundle.path / MODEL
    alike, columns, ids = _vocabularies(prepared, bundle, folder, network)
    scale, shift = 1.0, 0.0
    if bundle is not None:
        columns = columns if columns is not None else _columns(prepared.recipe.target, bundle.target)
        scale, shift = _units(prepared.recipe.target, bundle.target)
    teacher = Teacher(network, _placed(columns, accelerator), _placed(ids, accelerator), scale, shift)
    weights = sum(p.numel() for p in network.parameters())
    return Opened(teacher, bundle, alike, f"{weights / 1e6:.1f} M parameters")


def _placed(values: Array | None, accelerator: Accelerator) -> Any:
    return None if values is None else accelerator.tensor(values)


def _of_bundle(prepared: Prepared, bundle: Bundle) -> Network:
    wanted = prepared.recipe.target
    if bundle.target.kind() != wanted.kind():
        raise InputError(
            f"the teacher predicts {bundle.target.kind()!r}, and the network {wanted.kind()!r}",
            expected="a run for the same target",
            place=PLACE,
        )
    loader = cast(Model, build("burnish.models", {"kind": bundle.model["kind"]}, trust_code=prepared.recipe.trust_code))
    return read(bundle.path / MODEL, lambda place: loader.load(place, bundle.input, bundle.target))


def _checkpoint(prepared: Prepared, distil: Distil) -> Model:
    return prepared.recipe.model.model_copy(update={"name": distil.teacher, "revision": None})


def _of_checkpoint(prepared: Prepared, distil: Distil) -> Network:
    recipe = prepared.recipe
    network = _checkpoint(prepared, distil).build(recipe.input, recipe.target, seed=recipe.seed)
    if network.fresh_head:
        raise InputError(
            f"{distil.teacher} has no head for this target: it would teach what was drawn at random",
            expected="a run that was trained for it, or a checkpoint with the head",
            fix=f"train it first: burnish train RECIPE model={distil.teacher} --out runs/teacher",
            place=PLACE,
        )
    return network


def _columns(own: Target, other: Target) -> Array | None:
    """Where the student's labels stand among the teacher's; None: at the same places."""
    if not isinstance(own, Named):
        return None
    names, theirs = list(names_of(own)), list(names_of(other))
    if sorted(names) != sorted(theirs):
        lacking = [name for name in names if name not in theirs] or [name for name in theirs if name not in names]
        raise InputError(
            f"teacher and network have other labels: {', '.join(map(repr, lacking[:SHOWN]))} only one of them has",
            expected="the same labels, in any order",
            place=PLACE,
        )
    return None if names == theirs else np.array([theirs.index(name) for name in names], np.int64)


def _units(own: Target, other: Target) -> tuple[float, float]:
    """What turns the teacher's logits into the student's units, where they stand for numbers."""
    if not hasattr(own, "scale"):
        return 1.0, 0.0
    (mean, scale), (their_mean, their_scale) = (
        (float(getattr(t, "mean", 0) or 0), float(getattr(t, "scale", 1) or 1)) for t in (own, other)
    )
    return their_scale / scale, (their_mean - mean) / scale


def _vocabularies(
    prepared: Prepared, bundle: Bundle | None, folder: Path, network: Network
) -> tuple[bool, Array | None, Array | None]:
    """Whether the teacher reads what the student reads; of vocabularies, where the student's tokens stand in the teacher's.

    Raises:
        InputError: answers are tokens, and one has tokens that the other lacks.
    """
    own = tokens_of(prepared.recipe.model.folder())
    theirs = tokens_of(folder)
    same = bundle is None or bundle.processor.fingerprint() == prepared.processor.fingerprint()
    over_tokens = network.vocabulary is not None and prepared.recipe.target.shape != "row"
    if not over_tokens or own is None or theirs is None:
        return same if bundle is not None else own == theirs, None, None
    if own.keys() != theirs.keys():
        differing = sorted(own.keys() ^ theirs.keys(), key=lambda token: own.get(token, theirs.get(token, 0)))
        raise InputError(
            f"{len(differing):,} tokens are in one vocabulary alone, such as {', '.join(map(repr, differing[:SHOWN]))}",
            expected="teacher and network with the same tokens, compared as strings",
            fix="name a teacher of the same family",
            place=PLACE,
        )
    rows = int(cast(Any, network.vocabulary).weight.shape[0])
    size = max(own.values()) + 1
    numbers = np.arange(size)
    for token, number in own.items():
        numbers[number] = theirs[token]
    moved = bool((numbers != np.arange(size)).any())
    return True, numbers if moved or rows != size else None, numbers if moved else None


def tokens_of(folder: Path) -> dict[str, int] | None:
    """Every token of a checkpoint with its number; None where it has no tokenizer.json."""
    from tokenizers import Tokenizer

    file = folder / "tokenizer.json"
    return dict(Tokenizer.from_file(str(file)).get_vocab(with_added_tokens=True)) if file.is_file() else None
