"""CLAP of transformers: how well a sound goes with a text, as a network sees it that was trained on pairs of both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from burnish.core.collecting import importing
from burnish.core.errors import InputError
from burnish.media.sound.resampling import resampled
from burnish.models._checkpoint import checked_weights, resolved_folder
from burnish.models.transformers.configuration import quiet

BATCH = 8


class Clap:
    """A checkpoint of CLAP (Wu et al. 2023, arXiv 2211.06687).

    Args:
        name: folder or hub name.

    Raises:
        InputError: no such checkpoint, or one of another architecture.
    """

    def __init__(self, name: str) -> None:
        folder = resolved_folder(name, None)
        checked_weights(folder)
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
        if kind != "clap":
            raise InputError(
                f"no CLAP: this is {kind!r}", expected="a checkpoint of CLAP as transformers saves it", place=name
            )
        with importing():
            from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel
        try:
            with quiet():
                self._model: Any = ClapModel.from_pretrained(
                    str(folder),
                    trust_remote_code=False,
                    local_files_only=True,
                    use_safetensors=True,
                    dtype=torch.float32,
                ).eval()
                self._hears: Any = ClapFeatureExtractor.from_pretrained(str(folder), local_files_only=True)
                self._reads: Any = AutoTokenizer.from_pretrained(
                    str(folder), trust_remote_code=False, local_files_only=True
                )
        except (ValueError, OSError, RuntimeError, TypeError, KeyError) as error:
            raise InputError(
                f"no CLAP: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
                expected="a checkpoint of CLAP as transformers saves it, with preprocessor_config.json and tokenizer",
                place=name,
            ) from error
        self.name = name

    @property
    def rate(self) -> int:
        """Samples a second that it hears."""
        return int(self._hears.sampling_rate)

    def similarities(
        self, texts: Sequence[str], sounds: Sequence[NDArray[np.float32]], rate: int
    ) -> NDArray[np.float64]:
        """[texts, sounds]: cosines of their embeddings, from -1 to 1.

        Args:
            texts: captions.
            sounds: float32 [channels, samples] each, of which the channels are averaged.
            rate: of them.
        """
        told = [self._told(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)]
        heard = [self._heard(sound, rate)[None] for sound in sounds]
        return np.concatenate(told) @ np.concatenate(heard).T

    def _told(self, texts: Sequence[str]) -> NDArray[np.float64]:
        given = self._reads(list(texts), padding=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            return _unit(self._model.get_text_features(**given))

    def _heard(self, sound: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
        """[D]: the mean over windows one after the other; the library itself would draw one at random."""
        mono = resampled(np.ascontiguousarray(sound.mean(axis=0)), rate, self.rate)
        size = int(self._hears.nb_max_samples)
        windows = [mono[at : at + size] for at in range(0, len(mono), size)]
        told = []
        for at in range(0, len(windows), BATCH):
            given = self._hears(
                windows[at : at + BATCH], sampling_rate=self.rate, truncation="rand_trunc", return_tensors="pt"
            )
            with torch.inference_mode():
                told.append(_unit(self._model.get_audio_features(**given)))
        return cast("NDArray[np.float64]", _length_one(np.concatenate(told).mean(axis=0, keepdims=True))[0])


def _unit(embedded: Any) -> NDArray[np.float64]:
    return _length_one(getattr(embedded, "pooler_output", embedded).double().numpy())


def _length_one(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return cast("NDArray[np.float64]", values / np.linalg.norm(values, axis=1, keepdims=True))
