"""Answers that are files, written while a run trains, to be heard: at the first step, in the middle and at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from burnish.core.batch import Encoded
from burnish.core.filed import FileAnswer
from burnish.core.files import read_json, write_json
from burnish.decoders import answered
from burnish.runtimes.torch import computing
from burnish.stages.prepare.prepare import Prepared
from burnish.targets import Filed

if TYPE_CHECKING:
    from pathlib import Path

    from burnish.core.network import Network

FOLDER, INDEX = "samples", "samples.json"


@dataclass(frozen=True)
class Samples:
    """The samples of a run.

    Attributes:
        run: its folder.
        prepared: data and recipe.
    """

    run: Path
    prepared: Prepared

    def due(self, step: int, total: int) -> bool:
        """Whether samples are written after this step."""
        wanted = isinstance(self.prepared.recipe.target, Filed) and self.prepared.recipe.listening.samples > 0
        return wanted and step in {0, max(1, total // 2), total} and not (self.run / FOLDER / _name(step)).is_dir()

    def write(self, network: Network, step: int) -> str:
        """Answers to a few rows, each a file with its caption in `samples.json`; what is to be said of it.

        Nothing random of the training is touched: draws are of the decoder's own seed.
        """
        recipe, part = self.prepared.recipe, self._part()
        rows = part.rows[np.linspace(0, len(part) - 1, min(recipe.listening.samples, len(part))).astype(np.int64)]
        examples = part.table.take(rows, list(recipe.input.required_columns)).to_pylist()
        views = recipe.input.views(examples, self.prepared.processor.for_input)
        seeded = ([_seeded(view, number) for view in own] for number, own in enumerate(views))
        parts = (recipe.decoder, recipe.input, recipe.target, self.prepared.processor)
        said = answered(computing(network, recipe.decoder), *parts, seeded, limit=recipe.evaluation_batch_size)
        folder = self.run / FOLDER / _name(step)
        folder.mkdir(parents=True, exist_ok=True)
        made: list[dict[str, Any]] = []
        for number, (example, one) in enumerate(zip(examples, said, strict=True), 1):
            if isinstance(one.answer, FileAnswer):
                path = one.answer.save(folder / f"{number}{one.answer.ending}")
                caption = recipe.input.audited_text(example) or ""
                made.append({"step": step, "caption": caption, "file": str(path.relative_to(self.run))})
        index = self.run / FOLDER / INDEX
        before = read_json(index) if index.is_file() else []
        write_json(index, [*(one for one in before if one["step"] != step), *made])
        return f"samples to hear after step {step}: {FOLDER}/{folder.name}/ ({len(made)} of {len(examples)} captions)"

    def _part(self) -> Any:
        parts = self.prepared.parts
        return parts.get("validation", parts["train"])


def _seeded(view: Encoded, number: int) -> Encoded:
    """With a seed of its own, the same at every step, so that equal captions differ and steps compare."""
    return {**view, "_seed": np.int64(number)}  # type: ignore[dict-item]


def _name(step: int) -> str:
    return f"step-{step:07d}"
