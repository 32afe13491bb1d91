"""Transcripts written by CTranslate2's Whisper, without torch."""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import numpy as np

from burnish.core.batch import Array
from burnish.core.errors import InputError
from burnish.core.generated import Ends, Generated, Progress, Reason, TellsTimes, TokenTimes
from burnish.decoders import Decoder
from burnish.decoders.temperature_fallback import TemperatureFallback
from burnish.runtimes import Together
from burnish.runtimes._batches import Stepwise, seeded

_SEEDING = threading.Lock()
"""The seed is one for all models of the process."""
FRAME = 0.01
"""Seconds between two columns of a spectrogram; two of them make one state."""
LARGEST = 16
"""Recordings of one call: more of them take memory and no less time."""


class Transcriber(TellsTimes):
    """Whisper of CTranslate2, as decoders ask for it.

    The library has no mask for what it hears, so that silence behind a recording would be heard as well: only recordings
    of equal length share a batch, and each is what it is alone.

    Args:
        model: of the library; what is never written as a first token stands in its configuration.
        parts: how many batches it computes at once.
        another: opens the model once more, for draws: the library seeds the numbers that a thread draws from but once.
    """

    def __init__(self, model: Any, parts: int, another: Callable[[], Any]) -> None:
        self._model, self._parts, self._another = model, parts, another

    def __call__(
        self, arrays: Mapping[str, Array], decoder: Decoder, ends: Ends, seeds: Sequence[int] = ()
    ) -> list[Generated]:
        """Token ids of each of B rows: `input_features` [B, bands, frames] or `begun`, and `decoder_input_ids` [B, P]."""
        options = spoken_settings(decoder)
        most = cast(Stepwise, decoder).max_new_tokens
        prompts = arrays["decoder_input_ids"]
        options |= {
            # The library writes half of this, or what the prompt leaves of it, whichever is less.
            "max_length": max(2 * most, most + prompts.shape[1] - 1),
            "suppress_tokens": sorted(ends.never),
            "suppress_blank": bool(ends.never_first),
            "return_scores": True,
        }
        written: dict[int, Generated] = {}
        begun = [(rows, self._begin(arrays, rows, options)) for rows in self._together(arrays)]
        for rows, results in begun:
            _ended(rows, results, most, written)
        if isinstance(decoder, TemperatureFallback):
            for row in [row for row, one in written.items() if not decoder.passes(one, ends)]:
                seed = int(seeds[row]) if seeds else decoder.seed
                written[row] = self._drawn(arrays, row, options, decoder, ends, written[row], seed)
        return [written[row] for row in range(len(prompts))]

    def _drawn(
        self,
        arrays: Mapping[str, Array],
        row: int,
        options: Mapping[str, Any],
        decoder: TemperatureFallback,
        ends: Ends,
        best: Generated,
        seed: int,
    ) -> Generated:
        """The best of the most probable transcript and of those drawn at rising temperatures, as the decoder judges them."""
        with _SEEDING:
            seeded(seed)
            model = self._another()
            for temperature in decoder.temperatures:
                warm = {**options, "sampling_topk": 0, "sampling_temperature": temperature}
                told: dict[int, Generated] = {}
                _ended([row], self._begin(arrays, [row], warm, model), decoder.max_new_tokens, told)
                best = decoder.better(best, told[row], ends)
                if decoder.passes(best, ends):
                    break
        return best

    def _together(self, arrays: Mapping[str, Array]) -> Iterator[list[int]]:
        """Rows of equal length, in as many parts as are computed at once."""
        lengths = _lengths(arrays)
        by_length: dict[int, list[int]] = defaultdict(list)
        for row, length in enumerate(lengths):
            by_length[int(length)].append(row)
        for rows in by_length.values():
            size = min(LARGEST, -(-len(rows) // self._parts))
            yield from (rows[start : start + size] for start in range(0, len(rows), size))

    def _begin(
        self, arrays: Mapping[str, Array], rows: list[int], options: Mapping[str, Any], model: Any = None
    ) -> list[Any]:
        import ctranslate2

        prompts = [[int(token) for token in prompt] for prompt in arrays["decoder_input_ids"][rows]]
        view = ctranslate2.StorageView.from_array(self._heard(arrays, rows))
        return list((model or self._model).generate(view, prompts, asynchronous=True, **options))

    def writing(
        self, arrays: Mapping[str, Array], decoder: Decoder, ends: Ends, seeds: Sequence[int] = ()
    ) -> Iterator[Progress]:
        """The same; the library tells of a transcript when it is whole."""
        for row, one in enumerate(self(arrays, decoder, ends, seeds)):
            yield Progress(row, one.ids.tolist(), one)

    def begun(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """With `encoder_states` [B, L, D] and `encoder_mask` [B, L]; batches of equal length beside each other."""
        import ctranslate2

        def encoded(rows: list[int]) -> Array:
            view = ctranslate2.StorageView.from_array(self._heard(arrays, rows))
            return np.array(self._model.encode(view, to_cpu=True), np.float32)

        together = list(self._together(arrays))
        with ThreadPoolExecutor(min(self._parts, len(together))) as threads:
            found = list(threads.map(encoded, together))
        longest = max(states.shape[1] for states in found)
        states = np.zeros((len(_lengths(arrays)), longest, found[0].shape[2]), np.float32)
        mask = np.zeros(states.shape[:2], np.int64)
        for rows, some in zip(together, found, strict=True):
            states[rows, : some.shape[1]], mask[rows, : some.shape[1]] = some, 1
        kept = {name: values for name, values in arrays.items() if name.startswith("decoder_")}
        return {**kept, "encoder_states": states, "encoder_mask": mask}

    def token_times(
        self, arrays: Mapping[str, Array], written: Sequence[Sequence[int]], seconds: Sequence[float]
    ) -> list[TokenTimes | None]:
        """By the library's own alignment, row by row: it takes one prompt for all, and no mask."""
        import ctranslate2

        found: list[TokenTimes | None] = []
        for row, ids in enumerate(written):
            if not len(ids):
                found.append(None)
                continue
            heard = self._heard(arrays, [row])
            read = 2 * heard.shape[1] if "encoder_states" in arrays else heard.shape[-1]
            frames = min(read, max(2, math.floor(seconds[row] / FRAME + 1e-6)))
            start = [int(token) for token in arrays["decoder_input_ids"][row]][
                :-1
            ]  # it adds the mark of no timestamps itself
            view = ctranslate2.StorageView.from_array(heard)
            (told,) = self._model.align(view, start, [[int(token) for token in ids]], frames)
            tokens, states = np.array(told.alignments, np.int64).T
            begins = states[np.concatenate([[True], np.diff(tokens) > 0])] * (2 * FRAME)
            found.append(TokenTimes(begins, np.log(np.maximum(told.text_token_probs, 1e-30))))
        return found

    def _heard(self, arrays: Mapping[str, Array], rows: list[int]) -> Array:
        """Without padding, of rows of one length: [rows, bands, frames], or states [rows, L, D], which the library tells apart."""
        length = int(_lengths(arrays)[rows[0]])
        if "encoder_states" in arrays:
            return np.ascontiguousarray(arrays["encoder_states"][rows, :length], np.float32)
        return np.ascontiguousarray(arrays["input_features"][rows, :, :length], np.float32)

    def check(self, decoder: Decoder) -> None:
        """Whether the library can write as this decoder asks."""
        spoken_settings(decoder)

    def together(self) -> Together:
        """None: transcripts are written in batches."""
        raise InputError("CTranslate2 writes transcripts in batches, and none joins later", fix="runtime: torch")


def _lengths(arrays: Mapping[str, Array]) -> Array:
    """int64 [B], frames of each row, or states where they were computed."""
    mask = arrays.get("encoder_mask", arrays.get("attention_mask"))
    whole = arrays["input_features"] if mask is None else mask
    return np.full(len(whole), whole.shape[-1]) if mask is None else mask.sum(axis=1)


def _ended(rows: Sequence[int], results: Sequence[Any], most: int, written: dict[int, Generated]) -> None:
    """Wait for a batch; keep what was written for each row."""
    for row, waiting in zip(rows, results, strict=True):
        result = waiting.result()
        ids = np.array(result.sequences_ids[0], np.int64)
        reason: Reason = "stop" if len(ids) < most else "length"
        written[row] = Generated(ids, float(result.scores[0]), reason)


def spoken_settings(decoder: Decoder) -> dict[str, Any]:
    """What the library is given for a decoder of transcripts.

    Raises:
        InputError: a setting that it does not have.
    """
    values = decoder.model_dump()
    for name in ("stop", "json_schema", "grammar"):
        if values.get(name):
            raise _lacks(name)
    if decoder.kind() in ("greedy", "temperature_fallback"):
        return {"beam_size": 1, "length_penalty": 0.0}
    if decoder.kind() == "beam":
        return {"beam_size": values["width"], "length_penalty": values["length_penalty"]}
    raise _lacks(f"decoder {decoder.kind()!r}")


def _lacks(what: str) -> InputError:
    return InputError(
        f"CTranslate2 has no {what} for transcripts",
        expected="greedy, beam or temperature_fallback",
        fix="runtime: torch",
    )
