"""What models that write are given to prove an export: held-out prompts, or recordings."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from burnish.bundle.bundle import Bundle
from burnish.core.batch import Array, Encoded
from burnish.core.generated import Ends
from burnish.data.table import Part
from burnish.decoders import Decoder, answered, within
from burnish.decoders.temperature_fallback import TemperatureFallback
from burnish.evaluation.speed import SIZES, real_time_factor, speed
from burnish.media.text.token_row import token_row
from burnish.runtimes import Generate, Runner
from burnish.runtimes.torch import generating
from burnish.stages.held_out import HeldOut

RECORDINGS = (1, 8)
"""How many are transcribed at once where their time is measured."""


class Prompts(ABC):
    """Held-out rows as the network reads them; what it wrote to each is found by them.

    Attributes:
        memory_rows: how many go through the network where its memory is measured.
    """

    memory_rows: int

    @abstractmethod
    def __len__(self) -> int:
        """How many rows there are."""

    @abstractmethod
    def keys(self, arrays: Mapping[str, Array]) -> list[bytes]:
        """By what each row of a batch is found."""

    @abstractmethod
    def written(self, row: int, by_key: Mapping[bytes, Sequence[int]]) -> list[int]:
        """The token ids that were written to a row."""

    @abstractmethod
    def gap(self, row: int, begun: Sequence[int], other: int) -> float:
        """How much greater the trained network's greatest logit is than that of another token; -1: of a stop token."""

    @abstractmethod
    def batch(self, rows: Sequence[int]) -> Mapping[str, Array]:
        """The first rows, over again where there are fewer, as the network reads them."""

    @abstractmethod
    def speed(self, compute: Generate) -> dict[str, Any]:
        """How fast a model answers them."""


def prompts_of(network: Any, bundle: Bundle, held: HeldOut, part: Part) -> Prompts:
    """Recordings where a bundle hears, else texts."""
    kind = Recordings if bundle.target.shape == "decoded" else Texts
    return kind(network, bundle, held, part)


def key_of(values: Array) -> bytes:
    """What an array is found by."""
    return np.ascontiguousarray(values).tobytes()


class Texts(Prompts):
    """Prompts of a language model."""

    memory_rows = max(SIZES)

    def __init__(self, network: Any, bundle: Bundle, held: HeldOut, part: Part) -> None:
        self._network, self._bundle = network, bundle
        loader, every = held.loader(part, bundle), np.arange(len(part))
        self._ids = [row["input_ids"] for row in loader.encoded(every)]

    def __len__(self) -> int:
        return len(self._ids)

    def keys(self, arrays: Mapping[str, Array]) -> list[bytes]:
        """The tokens."""
        pairs = zip(arrays["input_ids"], arrays["attention_mask"], strict=True)
        return [key_of(ids[mask != 0].astype(np.int64)) for ids, mask in pairs]

    def written(self, row: int, by_key: Mapping[bytes, Sequence[int]]) -> list[int]:
        """As the prompt was answered."""
        return list(by_key[key_of(self._ids[row].astype(np.int64))])

    def gap(self, row: int, begun: Sequence[int], other: int) -> float:
        """By one pass over prompt and answer."""
        import torch

        ids = torch.tensor([[*self._ids[row].tolist(), *begun]], dtype=torch.long)
        with torch.inference_mode():
            logits = self._network(input_ids=ids)[0, -1].float()
        stops = sorted(self._bundle.target.ends(self._bundle.processor).stop)  # type: ignore[attr-defined]
        chosen = logits[stops].max() if other < 0 else logits[other]
        return float(logits.max() - chosen)

    def batch(self, rows: Sequence[int]) -> Mapping[str, Array]:
        """Padded to the longest."""
        encoded = [token_row(self._ids[n % len(self)]) for n in rows]
        return self._bundle.input.collate(encoded, self._bundle.processor.for_input)[0]

    def speed(self, compute: Generate) -> dict[str, Any]:
        """Tokens a second."""
        return speed(compute, self.batch)


class Recordings(Prompts):
    """Recordings, of which a long one is several windows: a stop token stands between what was written of each."""

    memory_rows = max(RECORDINGS)

    def __init__(self, network: Any, bundle: Bundle, held: HeldOut, part: Part) -> None:
        self._network, self._bundle = network, bundle
        self._ends: Ends = bundle.target.ends(bundle.processor)  # type: ignore[attr-defined]
        self._stop = min(self._ends.stop)
        self._loader, self._count = held.loader(part, bundle), len(part)
        self._keys = [[self._key(view) for view in self._views(row)] for row in range(len(part))]

    def __len__(self) -> int:
        return self._count

    def _views(self, row: int) -> Iterator[Encoded]:
        """Read anew each time: sounds are large."""
        (views,) = self._loader.views(np.array([row]))
        return iter(views)

    def _collated(self, views: Sequence[Encoded]) -> dict[str, Array]:
        arrays = self._bundle.input.collate(views, self._bundle.processor.for_input)[0]
        return {**arrays, **self._bundle.target.begun(len(views), self._bundle.processor)}  # type: ignore[attr-defined]

    def _key(self, view: Encoded) -> bytes:
        return self.keys(self._collated([view]))[0]

    def keys(self, arrays: Mapping[str, Array]) -> list[bytes]:
        """The sound, without what it was padded with, by its hash."""
        import hashlib

        heard = next(value for name, value in arrays.items() if value.dtype == np.float32)
        mask = arrays.get("attention_mask")
        lengths = [heard.shape[-1]] * len(heard) if mask is None else mask.sum(axis=1).tolist()
        return [
            hashlib.sha256(key_of(one[..., : int(length)])).digest() for one, length in zip(heard, lengths, strict=True)
        ]

    def written(self, row: int, by_key: Mapping[bytes, Sequence[int]]) -> list[int]:
        """Of all windows."""
        out: list[int] = []
        for number, key in enumerate(self._keys[row]):
            out += [self._stop] * (number > 0) + list(by_key[key])
        return out

    def gap(self, row: int, begun: Sequence[int], other: int) -> float:
        """By one pass over the window in which the answers part; what is never written counts for nothing."""
        import torch

        window = sum(token == self._stop for token in begun)
        last = max((place for place, token in enumerate(begun) if token == self._stop), default=-1)
        mine = list(begun[last + 1 :])
        view = next(one for number, one in enumerate(self._views(row)) if number == window)
        arrays = self._collated([view])
        if self._is_drawn(arrays):
            return 0.0
        arrays["decoder_input_ids"] = np.append(arrays["decoder_input_ids"], np.array([mine], np.int64), axis=1)
        with torch.inference_mode():
            given = {name: torch.from_numpy(value) for name, value in arrays.items()}
            logits = self._network(**given)[0, -1].float().numpy().copy()
        logits[[*self._ends.never, *(self._ends.never_first if not mine else ())]] = -np.inf
        return float(logits.max() - logits[self._stop if other < 0 else other])

    def _is_drawn(self, arrays: Mapping[str, Array]) -> bool:
        """Whether the most probable tokens did not pass, so that chance decided, which each library has of its own."""
        decoder = self._decoder
        if not isinstance(decoder, TemperatureFallback):
            return False
        greedy = decoder.model_copy(update={"temperatures": []})
        (plain,) = generating(self._network)(arrays, greedy, self._ends)
        return not decoder.passes(plain, self._ends)

    @property
    def _decoder(self) -> Decoder:
        bundle = self._bundle
        return within(bundle.decoder, bundle.target, bundle.processor, 0, self._ends)

    def batch(self, rows: Sequence[int]) -> Mapping[str, Array]:
        """The first window of each."""
        return self._collated([next(self._views(n % len(self))) for n in rows])

    def speed(self, compute: Generate) -> dict[str, Any]:
        """Seconds of computing for a second of sound, decoded as the bundle says, features included."""
        heard = self._bundle.processor.for_input.heard
        assert heard is not None
        rate = heard[0]
        count = min(len(self), max(RECORDINGS))
        decoder, ends = self._decoder, self._ends
        seconds = sum(int(view["_samples"]) for row in range(count) for view in self._views(row)) / rate

        def transcribed(size: int) -> float:
            begun = time.perf_counter()
            views = [view for row in range(count) for view in self._views(row)]
            for start in range(0, len(views), size):
                compute(self._collated(views[start : start + size]), decoder, ends)
            return time.perf_counter() - begun

        return {"real_time_factor": real_time_factor(transcribed, seconds, RECORDINGS)}


def transcribing_speed(held: HeldOut, part: Part, run: Runner, bundle: Bundle) -> dict[str, Any]:
    """The real-time factor of a network that answers for each frame, features and decoding included.

    Args:
        held: the splits.
        part: of one of them, few recordings.
        run, bundle: what computes, and the bundle as it reads rows.
    """
    loader, every = held.loader(part, bundle), np.arange(len(part))
    heard = bundle.processor.for_input.heard
    assert heard is not None
    seconds = sum(int(view["_samples"]) for views in loader.views(every) for view in views) / heard[0]
    parts = bundle.decoder, bundle.input, bundle.target, bundle.processor

    def transcribed(size: int) -> float:
        begun = time.perf_counter()
        answered(run, *parts, loader.views(every), limit=size)
        return time.perf_counter() - begun

    return {"real_time_factor": real_time_factor(transcribed, seconds, RECORDINGS)}
