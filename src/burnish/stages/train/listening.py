"""Sounds that were written for the test, compared with recordings and with their captions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.core.seeds import generator
from burnish.evaluation.frechet import Embedded, compared
from burnish.evaluation.predict import Notify
from burnish.media.codec.encodec import Codec
from burnish.media.sound.reading import channels_of
from burnish.recipe.recipe import Settled
from burnish.stages.prepare.prepare import Prepared
from burnish.targets import Sounded

Sounds = Sequence[NDArray[np.float32]]


def listening(prepared: Prepared, split: str, predictions: Predictions, notify: Notify) -> dict[str, Any]:
    """`frechet`, and `adherence` where a CLAP checkpoint is given; nothing of answers that are no sounds.

    Recordings are what the codec gives back of them, so that what it loses is not counted against the network.

    Args:
        prepared: data and recipe.
        split: that was answered.
        predictions: with the paths of the files.
        notify: told how far it is.
    """
    recipe, target, codec = prepared.recipe, prepared.recipe.target, prepared.processor.for_target
    if not isinstance(target, Sounded):
        return {}
    written, captions = _written(prepared, split, predictions)
    if not written:
        return {}
    notify("listening", 0, 3)
    part, rate = prepared.parts[split], target.rate(prepared.processor)
    truths = (target.recorded(cell, prepared.processor) for cell in part.table.cells(target.column).at(part.rows))
    real = [sound for sound in truths if sound is not None]
    notify("listening", 1, 3)
    named = recipe.listening.embedding
    if named is None and not isinstance(codec, Codec):
        return {}
    embed = _codec(cast(Codec, codec)) if named is None else _network(named, rate)
    told: dict[str, Any] = {"frechet": compared(embed(written), embed(real), recipe.seed)}
    notify("listening", 2, 3)
    if recipe.listening.clap is not None:
        told["adherence"] = _adherence(recipe, captions, written, real, rate)
    notify("listening", 3, 3)
    return {"listening": told}


def _written(prepared: Prepared, split: str, predictions: Predictions) -> tuple[list[NDArray[np.float32]], list[str]]:
    """The sounds that were written, float32 [channels, samples], and their captions."""
    part, reads = prepared.parts[split], prepared.recipe.input
    sounds, captions = [], []
    folder = predictions.folder or Path()
    for row, path in zip(predictions.table["row"].to_pylist(), predictions.answer, strict=True):
        if path is None:
            continue
        sounds.append(channels_of((folder / str(path)).read_bytes())[0])
        example = part.table.take(np.array([row], np.int64), list(reads.required_columns)).to_pylist()[0]
        captions.append(str(example[reads.required_columns[0]] or ""))
    return sounds, captions


def _codec(codec: Codec) -> Any:
    """Sounds to the codec's own latents, the mean of each second."""
    second = max(1, round(codec.frames_per_second))

    def embedded(sounds: Sounds) -> Embedded:
        made = []
        for sound in sounds:
            latents = codec.latents(codec.codes(sound)).astype(np.float64)
            pieces = [latents[:, at : at + second] for at in range(0, max(1, latents.shape[1] - second // 2), second)]
            made.append(np.stack([piece.mean(axis=1) for piece in pieces]))
        return Embedded(made, "latents of the checkpoint's own codec, the mean of each second", codec.rate)

    return embedded


def _network(name: str, given: int) -> Any:
    """Sounds to what the network of a run or bundle sees of them, a view after the other."""
    import torch

    from burnish.answering.opening import opened
    from burnish.bundle.bundle import Bundle
    from burnish.media.sound.reading import as_file

    bundle = Bundle.load(Path(name))
    network, _ = opened(bundle, "auto")
    reads, processor = bundle.input, bundle.processor.for_input
    device = next(network.parameters()).device
    rate = processor.heard[0] if processor.heard is not None else given

    def embedded(sounds: Sounds) -> Embedded:
        made = []
        for sound in sounds:
            example = {reads.required_columns[0]: as_file(sound.mean(axis=0), given)}
            views = [view for own in reads.views([example], processor) for view in own]
            with torch.inference_mode():
                arrays = {n: torch.from_numpy(v).to(device) for n, v in reads.collate(views, processor)[0].items()}
                made.append(network.features(**arrays).double().cpu().numpy())
        return Embedded(made, f"features of {name} ({bundle.model['name']})", int(rate))

    return embedded


def _adherence(recipe: Settled, captions: Sequence[str], written: Sounds, real: Sounds, rate: int) -> dict[str, Any]:
    """Mean cosine of each sound with its caption, with an interval; with the captions of others; and of recordings."""
    from burnish.models.transformers.clap import Clap

    clap = Clap(str(recipe.listening.clap))
    cosines = clap.similarities(captions, written, rate)
    own, others = cosines.diagonal(), cosines[~np.eye(len(cosines), dtype=bool)]
    random = generator(recipe.seed, "adherence")
    drawn = own[random.integers(0, len(own), (recipe.resamples, len(own)))].mean(axis=1)
    low, high = (float(value) for value in np.quantile(drawn, (0.025, 0.975)))
    recorded = clap.similarities(captions, real, rate).diagonal() if len(real) == len(captions) else np.zeros(0)
    return {
        "network": clap.name,
        "sampling_rate": clap.rate,
        "value": float(own.mean()),
        "low": low,
        "high": high,
        "sounds": len(own),
        "with_captions_of_others": float(others.mean()) if len(others) else None,
        "recordings": float(recorded.mean()) if len(recorded) else None,
    }
