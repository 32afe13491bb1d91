"""Pictures of rows as the network reads them, for inputs that can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.seeds import generator
from burnish.inputs import Visible
from burnish.report.contact_sheet import contact_sheet
from burnish.report.explained import Explain
from burnish.report.heatmaps import heatmaps, overlaid
from burnish.stages.prepare.prepare import Prepared

if TYPE_CHECKING:
    from burnish.core.network import Network
    from burnish.data.feeding.batches import TrainingBatches
    from burnish.stages.train.assemble import Assembled

AT_ONCE = 8  # rows whose activations and gradients are held together
ROWS = 24  # training rows on the sheet, each as it is read in two epochs


def training_pictures(folder: Path, prepared: Prepared, assembled: Assembled) -> None:
    """`pictures/training_images.png`: some training rows as the network sees them, augmented, with their truth.

    Rows of as many classes as fit. With an augmentation each row is shown twice, as in the first two epochs.
    """
    recipe, loader, part = prepared.recipe, assembled.batches.loader, prepared.parts["train"]
    path = folder / f"training_{recipe.input.thing}s.png"
    if not isinstance(recipe.input, Visible) or path.is_file() or not assembled.training.accelerator.main:
        return  # texts are shown in words; a resumed run has its pictures; one process draws them
    epochs = 1 if loader.augmentation is None else 2
    positions = _chosen(assembled)
    pictures: list[NDArray[np.uint8]] = []
    captions: list[str] = []
    for position in positions:
        value = part.table.arrow[recipe.target.column][int(part.rows[position])].as_py()
        truth = recipe.target.truth(value)
        for epoch in range(epochs):
            picture = recipe.input.pictured(loader.encoded(position[None], epoch)[0], prepared.processor.for_input)
            if picture is None:
                return
            pictures.append(picture)
            captions.append(_words(truth))
    how = "each as in two epochs" if epochs > 1 else "not augmented"
    title = f"{len(positions)} training {recipe.input.thing}s as the network sees them, {how}"
    contact_sheet(pictures, captions, path, columns=8, title=title)
    if assembled.batches.mixing is not None:
        _mixed_pictures(folder / f"mixed_{recipe.input.thing}s.png", prepared, assembled.batches)


def _mixed_pictures(path: Path, prepared: Prepared, batches: TrainingBatches) -> None:
    """The first rows of the run as they are mixed, each with both labels and the share of each."""
    recipe, part = prepared.recipe, prepared.parts["train"]
    column, rows = part.table.arrow[recipe.target.column], part.rows
    pictures: list[NDArray[np.uint8]] = []
    captions: list[str] = []
    for step in range(min(ROWS, batches.total_steps)):  # a step has at least one row
        mixed = batches.mixed(step)
        if mixed is None or len(pictures) >= ROWS:
            break
        places = np.arange(min(len(mixed.positions), ROWS - len(pictures)))
        encoded, shares = mixed.encoded(places)
        for place, row, share in zip(places, encoded, shares, strict=True):
            picture = (
                recipe.input.pictured(row, prepared.processor.for_input) if isinstance(recipe.input, Visible) else None
            )
            if picture is None:
                return
            pictures.append(picture)
            both = [mixed.positions[place], mixed.positions[mixed.partners[place]]]
            names = [_words(recipe.target.truth(column[int(rows[p])].as_py())) for p in both]
            said = [f"{s:.0%} {name}" for s, name in zip((share, 1 - share), names, strict=True) if s > 0]
            captions.append("\n".join(said))
    if pictures:
        what = type(batches.mixing).kind() if batches.mixing else ""
        title = f"{len(pictures)} training {recipe.input.thing}s mixed by {what}, with both labels"
        contact_sheet(pictures, captions, path, columns=8, title=title)


def row_heatmaps(prepared: Prepared, split: str, network: Network) -> Explain | None:
    """A function of rows of the split and an output of each to their pictures with and without a map; None for other inputs."""
    recipe, table = prepared.recipe, prepared.parts[split].table
    input_ = recipe.input
    if not isinstance(input_, Visible) or not input_.mapped:
        return None
    columns = list(recipe.input.required_columns)

    def explain(
        rows: Sequence[int], outputs: Sequence[int]
    ) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]] | None:
        pairs = []
        for start in range(0, len(rows), AT_ONCE):
            some = np.asarray(rows[start : start + AT_ONCE], np.int64)
            encoded = input_.encode(table.take(some, columns).to_pylist(), prepared.processor.for_input)
            inputs, _ = input_.collate(encoded, prepared.processor.for_input)
            maps = heatmaps(network, inputs, outputs[start : start + AT_ONCE])
            if maps is None:
                return None
            for row, heat in zip(encoded, maps, strict=True):
                picture = input_.pictured(row, prepared.processor.for_input)
                if picture is None:
                    return None
                pairs.append((picture, overlaid(picture, heat)))
        return pairs

    return explain


def _chosen(assembled: Assembled) -> NDArray[np.int64]:
    """Positions of rows that are learned from: one of each class in turn, drawn by the seed."""
    order = assembled.batches.order
    read = np.flatnonzero(order.usable < len(assembled.batches.loader.rows))  # not those made in feature space
    shuffled = read[generator(order.seed, "contact sheet").permutation(len(read))]
    seen: dict[int, int] = {}
    turns = []
    for place in shuffled:
        stratum = int(order.strata[place])
        turns.append(seen.get(stratum, 0))
        seen[stratum] = turns[-1] + 1
    first = shuffled[np.argsort(turns, kind="stable")[:ROWS]]
    by_class = first[np.argsort(order.strata[first], kind="stable")]
    return np.asarray(order.usable[by_class], np.int64)


def _words(truth: Any) -> str:
    return ", ".join(map(str, truth)) if isinstance(truth, (list, tuple, set, frozenset)) else str(truth)
