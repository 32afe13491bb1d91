"""Features of a frozen backbone, computed once: the head then learns on what was kept.

Where only the head learns, every epoch would push the same rows through the same frozen weights. They go through once,
in eval mode; what the head reads of each row is kept in a memory-mapped file in the cache, under a fingerprint of
everything it depends on. The loop, its order of rows, weights, guards and checkpoints stay what they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache as cache_of
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from burnish.adapters import Adapter, hold_still
from burnish.core.batch import Array, Encoded
from burnish.core.errors import InputError
from burnish.core.network import HeadSplit, Inseparable, Network
from burnish.data.feeding.ahead import Sharing
from burnish.data.feeding.encode import EncodedRows, length_facts
from burnish.data.feeding.loader import Loader
from burnish.inputs import FromFiles
from burnish.targets import shows_truth
from burnish.training.accelerator import Accelerator
from burnish.training.features.files import Notify, fastest, features_of, splits_in_turn

if TYPE_CHECKING:
    from burnish.data.augmentations import Augmentation

Policy = Literal["auto", "always", "never"]


class Rows(Protocol):
    """Features by position: an array on disk, or one that goes on in memory."""

    def __len__(self) -> int:
        """How many rows."""

    def __getitem__(self, positions: NDArray[np.int64]) -> Array:
        """[M, ...] of these positions."""


PROBED = 8  # rows on which it is found what the head reads, and on which the parts are compared with the whole
SEEN = "features"


class HeadNetwork(Network):
    """The head alone, over features that were computed before.

    Args:
        whole: the network the head belongs to: what is saved, and what other rooms know.
        split: its two parts.
    """

    def __init__(self, whole: Network, split: HeadSplit) -> None:
        super().__init__()
        self.whole, self.split = whole, split

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        """Logits of `features` [B, ...]."""
        return self.split.logits(inputs[SEEN])

    def features(self, **inputs: torch.Tensor) -> torch.Tensor:
        """What it is given."""
        return inputs[SEEN]

    def depth(self, parameter: str) -> int:
        """As in the whole network."""
        return self.whole.depth(parameter.removeprefix("whole."))

    @property
    def layers(self) -> int:
        """As in the whole network."""
        return self.whole.layers

    def save(self, folder: Path) -> None:
        """Write the whole network."""
        self.whole.save(folder)

    def backbone(self) -> nn.Module:
        """That of the whole network."""
        return self.whole.backbone()


@dataclass(frozen=True)
class FeatureLoader(Loader):
    """Batches of features instead of rows: the same targets, weights and row numbers.

    Attributes:
        features: float32 [N, ...] of the rows of the split, on disk.
    """

    features: Rows | None = None

    def encoded(self, positions: NDArray[np.int64], epoch: int = 0) -> list[Encoded]:
        """The features at these positions, the same in every epoch."""
        assert self.features is not None
        return [{SEEN: value} for value in self.features[positions]]

    def views(self, positions: NDArray[np.int64]) -> Iterator[Iterable[Encoded]]:
        """The same, one view a row."""
        return ([{**row, "_length": np.int32(1)}] for row in self.encoded(positions))  # type: ignore[dict-item]

    def collate(self, encoded: Sequence[Encoded]) -> tuple[dict[str, Array], int]:
        """`features` [B, ...]; every row counts as one element."""
        return {SEEN: np.stack([e[SEEN] for e in encoded])}, 1


@dataclass(frozen=True)
class Frozen:
    """What training and validation read where the backbone is frozen.

    Attributes:
        network: the head; or the whole network, where it reads states of its encoder.
        loaders: of the splits whose features were computed, 'train' with its class weights.
        notes: what was done, in words.
    """

    network: Network
    loaders: Mapping[str, Loader]
    notes: list[str]


def obstacle(network: Network, adapter: Adapter, augmentation: Augmentation | None, mixing: Any, epochs: float) -> str:
    """Why features cannot be computed once, in words; empty where they can, as far as the recipe tells."""
    if adapter.changes:
        return f"adapter {adapter.kind()!r} thaws the backbone during the run"
    top = network.layers + 1
    if any(p.requires_grad and network.depth(name) != top for name, p in network.named_parameters()):
        return f"with adapter {adapter.kind()!r} more than the head learns"
    changes = augmentation or mixing
    if changes is not None and not getattr(changes, "changes", True):
        return "examples have several views, of which training reads another one in each epoch"
    if changes is not None:
        what = "augmentation" if augmentation is not None else "mixing"
        return (
            f"{what} {changes.kind()!r} makes other examples of them each time; with `{what}: none` the frozen backbone "
            f"would see each example once instead of {epochs:g} times"
        )
    return ""


def frozen_features(
    network: Network,
    training: Loader,
    validation: Loader | None,
    accelerator: Accelerator,
    *,
    cache: Path,
    depends_on: Sequence[str],
    workers: int = 0,
    notify: Notify | None = None,
) -> Frozen:
    """Features of the training and validation rows, from the cache or computed now.

    Training rows go through the backbone in the precision of the run, validation rows in float32, as they would without
    this. With several processes the first computes, the others then find the file.

    Args:
        network: on its device, `requires_grad` set by the adapter.
        training, validation: how rows are read.
        accelerator: device and precision.
        cache: folder for the files.
        depends_on: what else features depend on: settings of the model.
        workers: threads that read rows ahead.
        notify: called with (text, done, total).

    Raises:
        Inseparable: the head cannot be computed apart, or there is no room on the disk.
    """
    if validation is not None and _several_views(validation):
        raise Inseparable("validation averages several views of an example")
    rows = _probe_rows(training.rows)
    probe = accelerator.tensors(training.batch(rows).inputs)
    network.eval()
    split = network.head_split(**probe)
    example = _checked(network, split, probe)
    notes = [] if _same_in_training(network, split, probe, example) else ["dropout inside the frozen backbone is off"]
    quickest = cache_of(partial(fastest, split, probe, example))
    head = HeadNetwork(network, split)
    loaders: dict[str, Loader] = {}
    for name, loader, precision in splits_in_turn(training, validation, accelerator):
        computed = features_of(
            network, quickest, loader, accelerator, precision=precision, shape=example.shape[1:], cache=cache,
            name=name, depends_on=depends_on, workers=workers, notify=notify,
        )  # fmt: skip
        notes.append(computed.note)
        loaders[name] = _reading(loader, computed.values)
    return Frozen(head, loaders, notes)


def chosen(
    policy: Policy, network: Network, adapter: Adapter, training: Loader, mixing: Any, epochs: float
) -> tuple[bool, str]:
    """Whether to try, and a note why not where that is worth saying.

    Raises:
        InputError: `always`, where it cannot be.
    """
    if policy == "never":
        return False, ""
    why = obstacle(network, adapter, training.augmentation, mixing, epochs)
    if shows_truth(training.target):
        why = why or f"target {training.target.kind()!r} shows the network a part of the labels while it learns"
    if why and policy == "always":
        raise InputError(f"features cannot be computed once: {why}", fix="cache_features: auto", place="cache_features")
    only_head = why and ("augmentation" in why or "mixing" in why)
    return not why, f"features are computed anew in each step: {why}" if only_head else ""


def _several_views(loader: Loader) -> bool:
    """Whether any row is answered for in several views, such as a long recording."""
    part = loader.rows.part
    if len(list(next(iter(loader.views(np.zeros(1, np.int64)))))) > 1:
        return True  # every row, as by `input.test_views`
    input_ = loader.input
    if not isinstance(input_, FromFiles):
        return False
    return any(input_.view_count(f, loader.processor.for_input) > 1 for f in length_facts(part, part.rows, input_))


def _reading(loader: Loader, values: Array) -> FeatureLoader:
    settings = {f.name: getattr(loader, f.name) for f in fields(loader)}
    rows = loader.rows.with_lengths(np.ones(len(loader.rows), np.int64))
    return FeatureLoader(**{**settings, "rows": rows, "augmentation": None, "sharing": Sharing()}, features=values)


def _probe_rows(rows: EncodedRows) -> NDArray[np.int64]:
    """The longest rows and the shortest, and some between: rows that tell states apart."""
    order = np.argsort(-rows.lengths, kind="stable")
    return order[np.unique(np.linspace(0, len(order) - 1, PROBED).astype(np.int64))]


@torch.no_grad()
def _checked(network: Network, split: HeadSplit, probe: dict[str, torch.Tensor]) -> torch.Tensor:
    """Features of the rows, from which the head must answer as the whole network does."""
    whole, example = network(**probe), split.features(**probe)
    apart = split.logits(example)
    if apart.shape != whole.shape or not torch.allclose(apart, whole, rtol=1e-3, atol=1e-4):
        raise Inseparable("the head alone does not predict as the whole network does")
    return example


@torch.no_grad()
def _same_in_training(network: Network, split: HeadSplit, probe: dict[str, torch.Tensor], seen: torch.Tensor) -> bool:
    """Whether the whole network in train mode answers as its head does over features of eval mode: nothing random below."""
    devices = [seen.device] if seen.device.type == "cuda" else []
    network.train()
    hold_still(network)
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(0)
        whole = network(**probe)
        torch.manual_seed(0)
        apart = split.logits(seen)
    network.eval()
    return bool(torch.allclose(whole, apart, rtol=1e-3, atol=1e-4))
