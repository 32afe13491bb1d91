"""What a network that hears writes where nobody speaks: digital silence and white noise, from fixed seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.seeds import generator
from burnish.media.transcript.normalising import words_of

Waveform = NDArray[np.float32]
SECONDS = (1.0, 3.0, 10.0, 25.0)
"""Of each sound: short, and nearly a window of Whisper."""
LOUDNESS = {"quiet": 0.003, "loud": 0.1}
"""Root mean square of the noise, of a full scale of 1: about -50 and -20 dB."""
_SHOWN = 5


def wordless_sounds(rate: int, seed: int = 0) -> dict[str, list[Waveform]]:
    """Sounds without a word, by kind: `silence`, `quiet_noise` and `loud_noise`, one of each length.

    Args:
        rate: samples a second.
        seed: of the noise.
    """
    sizes = [round(seconds * rate) for seconds in SECONDS]
    sounds = {"silence": [np.zeros(size, np.float32) for size in sizes]}
    for name, loudness in LOUDNESS.items():
        random = generator(seed, f"{name} noise")
        sounds[f"{name}_noise"] = [np.clip(random.normal(0, loudness, n), -1, 1).astype(np.float32) for n in sizes]
    return sounds


def hallucination(
    answer: Callable[[Sequence[Waveform]], Sequence[str]], rate: int, seed: int = 0
) -> dict[str, dict[str, Any]]:
    """How many words are written where there are none.

    Args:
        answer: sounds, float32 [samples] each at `rate`, to their transcripts.
        rate: samples a second.
        seed: of the noise.

    Returns:
        Of each kind of `wordless_sounds` {sounds, seconds, with_words: sounds to which something was written, words,
        words_per_minute, written: the first different texts}.
    """
    told = {}
    for kind, sounds in wordless_sounds(rate, seed).items():
        texts = [text or "" for text in answer(sounds)]
        words = [len(words_of(text, "basic")) for text in texts]
        seconds = sum(map(len, sounds)) / rate
        told[kind] = {
            "sounds": len(sounds),
            "seconds": seconds,
            "with_words": sum(count > 0 for count in words),
            "words": sum(words),
            "words_per_minute": 60 * sum(words) / seconds,
            "written": list(dict.fromkeys(text for text in texts if text.strip()))[:_SHOWN],
        }
    return told
