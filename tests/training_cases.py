"""A tiny training, ready for the loop: what the tests of loop, checkpoint and processes share."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from burnish.adapters import Adapter
from burnish.bundle.processors import processor_of
from burnish.core.batch import Array, Batch, Encoded, a_row_a_line
from burnish.core.component import build
from burnish.core.processor import Processor
from burnish.inputs import Input
from burnish.losses import Loss
from burnish.models import Model
from burnish.optimizers import Optimizer
from burnish.schedules import Schedule
from burnish.targets import ByCheckpoint, Target, Taught, shows_truth
from burnish.training.accelerator import Accelerator
from burnish.training.loop import Training
from burnish.training.objective import SupervisedModule
from burnish.training.parameter_groups import parameter_groups
from burnish.training.steps import parts_of, surrounded
from burnish.training.technique import Technique
from burnish.training.updating import Clip
from tests import audio_cases, recogniser_cases, vision_cases
from tests.checkpoints import tiny_checkpoint
from tests.image_cases import picture
from tests.sound_cases import sound

SPEECH = recogniser_cases.KINDS
PADDED = ("label", "labels", "score", "tags", "sounds", *SPEECH)
CASES = (*PADDED, "images")
"""Rows of `PADDED` differ in length, or what is learned of them does; pictures have one size."""
FILES = ("sounds", "images")
TEXTS = (
    "the parcel never arrived",
    "please cancel my order",
    "where is my card",
    "a good film with a bad ending and a very good cast",
    "why was i charged twice",
    "the quick brown fox",
    "jumps over the lazy dog and then it sleeps for a while",
    "refund please",
    "a bad ending",
    "my order never came and i want my money back",
    "good",
)


def truth(kind: str) -> list[object]:
    """One truth for each text."""
    if kind in SPEECH:
        return list(recogniser_cases.TEXTS)
    if kind in ("label", *FILES):
        return ["order", "order", "card", "film", "card", "fox", "fox", "card", "film", "order", "film"]
    if kind == "labels":
        return [["a"], ["a", "b"], ["b"], [], ["c"], ["a", "c"], ["b"], ["c"], [], ["a"], ["b", "c"]]
    if kind == "score":
        return [1.0, 2.5, 3.0, 4.5, 1.5, 2.0, 4.0, 5.0, 3.5, 2.2, 1.1]
    return [["B-thing" if i % 3 == 0 else "O" for i, _ in enumerate(t.split())] for t in TEXTS]


def sounds(column: str) -> list[dict[str, object]]:
    """A sound for each text, as long as the text."""
    rate = audio_cases.RATE
    waveforms = [sound(i, 0.05 + 0.004 * len(text), rate) for i, text in enumerate(TEXTS)]
    return [{column: {"array": waveform, "sampling_rate": rate}} for waveform in waveforms]


def pictures(column: str) -> list[dict[str, object]]:
    """A picture for each text, of uneven sizes."""
    made = []
    for i, text in enumerate(TEXTS):
        file = io.BytesIO()
        picture(i, 24 + len(text) // 4, 30).save(file, "PNG")
        made.append({column: file.getvalue()})
    return made


def written(kind: str, source: Path, dropout: float) -> dict[str, object]:
    """The checkpoint of a kind of rows at `source`, made once; which model it is."""
    model: dict[str, object] = {"kind": "timm" if kind == "images" else "transformers", "name": str(source)}
    if kind in SPEECH:
        if not source.exists():
            recogniser_cases.write(kind, source, **dict.fromkeys(recogniser_cases.DROPOUTS[kind], dropout))
        return model
    if kind == "images":
        return {**model, "name": str(vision_cases.checkpoint("timm_vit")), "drop_path": dropout}
    if not source.exists() and kind == "sounds":
        rates = ("hidden_dropout", "feat_proj_dropout", "final_dropout", "layerdrop")
        audio_cases.written("wav2vec2", source, **dict.fromkeys(rates, dropout))
    elif not source.exists():
        tiny_checkpoint(source, texts=TEXTS, dropout=dropout)
    return model


def read(kind: str) -> tuple[dict[str, object], list[dict[str, object]]]:
    """The input of a kind of rows, and the rows."""
    if kind in SPEECH:
        return recogniser_cases.input_for(kind, column="audio").model_dump(), recogniser_cases.rows()
    if kind == "sounds":
        return {"kind": "audio", "column": "text"}, sounds("text")
    if kind == "images":
        return {"kind": "image", "column": "text", "size": 32}, pictures("text")
    column = "words" if kind == "tags" else "text"
    settings = {"kind": "tokens", "column": column} if kind == "tags" else {"kind": "text", "columns": [column]}
    return settings, [{column: text} for text in TEXTS]


def learned(kind: str, source: Path, values: Sequence[object]) -> Target:
    """The target of a kind of rows, once it has seen its values."""
    if kind in SPEECH:
        return cast(Target, recogniser_cases.target_for(kind, source))
    settings = {"kind": "label" if kind in FILES else kind, "column": "truth"}
    return cast(Target, build("burnish.targets", settings)).learned(values)


@dataclass
class Fixed:
    """Batches of fixed rows, cut as asked."""

    encoded: list[dict[str, Array]]
    pairs: list[tuple[Array, Array]]
    input: Input
    target: Target
    processor: Processor
    order: list[list[int]]
    weights: Array | None = None
    given: list[Encoded] | None = None
    steps_per_epoch: int = 2

    @property
    def total_steps(self) -> int:
        return len(self.order)

    def batch(self, rows: Sequence[int]) -> Batch:
        inputs, length = self.input.collate([self.encoded[r] for r in rows], self.processor.for_input)
        if self.given is not None and isinstance(self.target, Taught):
            shown = [self.given[r] for r in rows]
            inputs = {**inputs, **self.target.collate_given(shown, length, self.processor)}
        targets, weights = self.target.collate([self.pairs[r] for r in rows], length)
        if self.weights is not None:
            weights = weights * self.weights[list(rows)].reshape(-1, *[1] * (weights.ndim - 1)).astype(np.float32)
        numbers, size = np.array(rows), length * len(rows)
        return Batch(inputs, targets, weights, a_row_a_line(weights), np.arange(len(rows)), numbers, size, size)

    def micro(self, step: int, micro_batch_size: int) -> list[Batch]:
        rows = self.order[step]
        return [self.batch(rows[i : i + micro_batch_size]) for i in range(0, len(rows), micro_batch_size)]


def training(
    folder: Path,
    kind: str = "label",
    *,
    micro_batch_size: int = 100,
    order: list[list[int]] | None = None,
    optimizer: dict[str, object] | None = None,
    schedule: str = "constant",
    dropout: float = 0.0,
    adapter: dict[str, object] | None = None,
    double: bool = False,
    weights: Array | None = None,
    learning_rate: float = 1e-3,
    clip: Clip | None = None,
    seed: int = 0,
    techniques: Sequence[Technique] = (),
    reading: dict[str, object] | None = None,
) -> Training:
    """A tiny BERT over `TEXTS` for a target, wav2vec 2.0 over sounds or ViT over pictures, as tiny; `double`: in float64.

    `reading` are more settings of the input.
    """
    source = folder / f"checkpoint-{kind if kind in SPEECH else kind == 'sounds'}-{dropout}"
    model_settings, values = written(kind, source, dropout), truth(kind)
    input_settings, examples = read(kind)
    input_ = cast(Input, build("burnish.inputs", {**input_settings, **(reading or {})}))
    target = learned(kind, source, values)
    model = cast(Model, build("burnish.models", model_settings))
    network = model.build(input_, target, seed=seed)
    if double:
        network.double()
    processor = processor_of(input_, target, Path(str(model_settings["name"])))
    encoded = input_.encode(examples, processor.for_input)
    pairs = [target.encode(v, e, processor) for v, e in zip(values, encoded, strict=True)]
    given = None
    if isinstance(target, Taught) and shows_truth(target):
        given = [target.given(v, e, processor) for v, e in zip(values, encoded, strict=True)]
    chosen = cast(Adapter, build("burnish.adapters", adapter or "full"))
    chosen.prepare(network)
    maker = cast(Optimizer, build("burnish.optimizers", optimizer or "adamw"))
    accelerator = Accelerator("cpu", "float32")
    groups = parameter_groups(network, learning_rate=learning_rate, weight_decay=maker.weight_decay)
    loss = cast(Loss, build("burnish.losses", usual_loss_of(target)))
    order = order if order is not None else [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 0], [3, 1, 4, 5]]
    batches = Fixed(encoded, pairs, input_, target, processor, order, weights, given)
    module = surrounded(
        SupervisedModule(network, loss), techniques, lambda: accelerator.tensors(batches.batch([0, 1]).inputs)
    )
    objective, made = accelerator.place(module, lambda: maker.build(groups, learning_rate))
    return Training(
        objective=objective,
        network=network,
        optimizer=made,
        adapter=chosen,
        schedule=cast(Schedule, build("burnish.schedules", {"kind": schedule, "warmup_ratio": 0.0})),
        batches=batches,
        accelerator=accelerator,
        learning_rate=learning_rate,
        seed=seed,
        micro_batch_size=micro_batch_size,
        clip=clip or Clip(None, None),
        parts=parts_of(network, made, techniques),
    )


def usual_loss_of(target: Target) -> dict[str, Any]:
    """Kind and settings of a target's own loss."""
    return target.usual_loss() if isinstance(target, ByCheckpoint) else {"kind": target.default_loss}


def weights_of(run: Training) -> dict[str, torch.Tensor]:
    """A copy of all weights by name."""
    return {name: p.detach().clone() for name, p in run.network.named_parameters()}
