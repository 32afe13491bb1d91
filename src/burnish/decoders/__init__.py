"""Decoders: how what a network gives becomes an answer. One file each; their settings travel in the bundle.

They are our own code over numpy, driven by a `Step`: torch and ONNX answer alike."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from burnish.core.batch import Array, Encoded
from burnish.core.component import Component
from burnish.core.errors import InputError
from burnish.core.generated import TIMED, Chance, Ends, Generated, Progress, TellsTimes
from burnish.core.processor import Processor
from burnish.core.views import each, joined
from burnish.inputs import Input
from burnish.media.transcript.aligning import timed_words
from burnish.media.transcript.attending import attended_words
from burnish.targets import Decoded, Generative, OverVocabulary, Target

Reads = Literal["logits", "steps", "frames", "codebooks"]
"""What a decoder reads; see `Decoder.reads`."""
GUIDED = "guided"
"""The input, int64 [B], by which a network is asked for logits without what it was told beside those with it."""
Collate = Callable[[Sequence[Encoded]], tuple[dict[str, Array], int]]
"""Views to named arrays and the length they were padded to."""


class Step(Protocol):
    """A network that writes on, for N sequences at once."""

    def __call__(self, ids: Array | None, cache: Any) -> tuple[Array, Any]:
        """Logits of the next token of each sequence, and what the network remembers.

        Args:
            ids: int64 [N], the tokens that were chosen last; None at the beginning, where the network reads the rows.
            cache: what the call before gave; None at the beginning.

        Returns:
            float [N, V], and the cache, which belongs to the network.
        """

    def picked(self, cache: Any, rows: Array) -> Any:
        """The cache of these of the N sequences, int64 [M], in this order, repeats allowed."""


class Line(Protocol):
    """One sequence whose tokens are settled one by one, whoever computes the logits."""

    @property
    def ids(self) -> Sequence[int]:
        """Its tokens so far, without a stop token."""

    @property
    def chances(self) -> Sequence[Chance]:
        """Of each of them, then of a stop token that ended it, where they were asked for; else empty."""

    def took(self, logits: Array) -> tuple[int, Generated | None]:
        """The next token, from logits [V], and the whole sequence where that ends it.

        Raises:
            InputError: the answer cannot be held to a schema.
        """


class Decoder(Component):
    """How what a network gives becomes an answer."""

    axis: ClassVar[str] = "burnish.decoders"
    reads: ClassVar[Reads]
    """Logits that the target decodes, steps of a network that writes on, logits of each frame (CTC), or steps of several
    codes at once: `Step` then takes ids [N, K] and gives logits [N, 1, K, V], or [N, 2, K, V] where it was `GUIDED`."""

    @classmethod
    def writes(cls) -> bool:
        """Whether it drives a network step by step (`Generate`), and does not read what one pass gives."""
        return cls.reads in ("steps", "codebooks")

    def asked(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """What the network is given for rows, and what else it is asked for."""
        return dict(arrays)

    def briefly(self) -> Decoder:
        """As reference examples are written: where answers take long, only their beginning."""
        return self

    def written(self, step: Step, rows: int, ends: Ends, seeds: Sequence[int] = ()) -> list[Generated]:
        """Sequences for rows that go through the network together: the same as each alone.

        Args:
            step: the network.
            rows: how many there are.
            ends: what ends a sequence.
            seeds: one a row, where chance decides; none: the decoder's own.
        """
        raise NotImplementedError(f"decoder {self.kind()!r} drives no steps")

    def writing(self, step: Step, rows: int, ends: Ends, seeds: Sequence[int] = ()) -> Iterator[Progress]:
        """The same sequences, told while they are written: after each token where tokens are settled one by one.

        Whoever stops asking stops the writing. Here, where nothing is settled before the end, rows are told whole.
        """
        for row, whole in enumerate(self.written(step, rows, ends, seeds)):
            yield Progress(row, whole.ids.tolist(), whole)

    def line(self, ends: Ends, seed: int | None = None, others: int | None = None) -> Line | None:
        """A sequence that is settled token by token, for who drives several with settings of their own.

        Args:
            ends: what ends it.
            seed: where chance decides; None: the decoder's own.
            others: how many of the most probable tokens are kept beside each; None: no chances are kept at all.

        Returns:
            None where tokens are not settled one by one.
        """
        return None

    def labelled(self, frames: Array, ends: Ends) -> Generated:
        """The labelling of one row, from its logits of each frame, float [L, V], padding left out."""
        raise NotImplementedError(f"decoder {self.kind()!r} reads no frames")

    def check(self) -> None:
        """Read the files that its settings name, before anything is trained; nothing where they name none.

        Raises:
            InputError: one is missing, or not what it should be.
        """

    def save_files(self, folder: Path) -> Decoder:
        """Copy the files that its settings name into a folder of a bundle; with their names in it, as bundle.json has them."""
        return self

    def with_files(self, folder: Path) -> Decoder:
        """The other way: as `save_files` gave it, with the paths of the files in that folder.

        Raises:
            InputError: a name that leads out of the folder.
        """
        return self


class Framewise(Decoder):
    """A decoder of CTC: one distribution a frame, repeats and blanks mean nothing (Graves et al. 2006)."""

    reads: ClassVar[Reads] = "frames"

    @abstractmethod
    def labelled(self, frames: Array, ends: Ends) -> Generated:
        """As of every decoder."""


def within(
    decoder: Decoder, target: Target, processor: Processor, prompt_tokens: int, ends: Ends | None = None
) -> Decoder:
    """A decoder that ends where the network's context does, where prompt and answer share it; else the same."""
    limit, most = processor.for_input.limit, getattr(decoder, "max_new_tokens", None)
    if ends is not None and ends.most is not None and most is not None and most > ends.most:
        return decoder.model_copy(update={"max_new_tokens": max(1, ends.most)})
    if limit is None or most is None or not isinstance(target, OverVocabulary) or prompt_tokens + most <= limit:
        return decoder
    return decoder.model_copy(update={"max_new_tokens": max(1, limit - prompt_tokens)})


def going_on(decoder: Decoder, target: Target, processor: Processor, view: Encoded) -> Decoder:
    """A decoder whose grammar begins with what of the prompt an answer goes on with; the same without a grammar."""
    if not getattr(decoder, "grammar", None) or not isinstance(target, Generative):
        return decoder
    begun = target.goes_on(view, processor)
    return decoder.model_copy(update={"grammar_begun": begun}) if begun else decoder


def _bounded(decoder: Decoder, target: Target, processor: Processor, view: Encoded, ends: Ends) -> Decoder:
    """A decoder that writes no more than a view can hold."""
    inside = within(decoder, target, processor, int(view["_length"]), ends)
    inside = going_on(inside, target, processor, view)
    most = target.most_written(view, processor) if isinstance(target, Generative) else None
    if most is None or getattr(inside, "max_new_tokens", 0) <= most:
        return inside
    return inside.model_copy(update={"max_new_tokens": most})


def answered(
    compute: Any,
    decoder: Decoder,
    input: Input,
    target: Target,
    processor: Processor,
    rows: Iterable[Iterable[Encoded]],
    *,
    limit: int,
    collate: Collate | None = None,
    timed: bool = False,
) -> list[Decoded]:
    """Answers for rows given as their views: the one way for validation, test, bundle, predictor and server.

    Args:
        compute: a `Run`, or for a decoder that reads steps a `Generate`.
        decoder: how what it gives becomes answers.
        input, target, processor: as in the bundle.
        rows: the views of each row; a view may have a `_seed`.
        limit: most views at once.
        collate: how views become arrays, where that is not the input's way.
        timed: whether words get their times, where each frame is answered.
    """
    collate = collate or partial(input.collate, processor=processor.for_input)
    if decoder.reads == "logits":
        seen = joined(compute, collate, rows, limit=limit, join=target.joined)
        return target.decode(seen.values, seen.first) if seen.first else []
    if not isinstance(target, Generative):
        raise InputError(
            f"decoder {decoder.kind()!r} writes sequences, and predictions of target {target.kind()!r} are none",
            fix="decoder: one_pass",
            place="decoder",
        )
    write = _Writing(compute, decoder, target, processor, collate, timed)
    by_view, first = each(write.steps if decoder.writes() else write.frames, rows, limit=limit)
    return [target.said(views, encoded, processor) for views, encoded in zip(by_view, first, strict=True)]


class _Writing:
    """What is written for views that go through a network together; arguments as of `answered`."""

    def __init__(
        self, compute: Any, decoder: Decoder, target: Any, processor: Processor, collate: Collate, timed: bool
    ) -> None:
        self.compute, self.decoder, self.target, self.processor = compute, decoder, target, processor
        self.collate, self.timed = collate, timed
        self.ends, self.seed = target.ends(processor), int(getattr(decoder, "seed", 0))

    def steps(self, views: Sequence[Encoded]) -> list[Generated]:
        """Of a decoder that writes token by token; views of one bound go together."""
        bounded = [_bounded(self.decoder, self.target, self.processor, view, self.ends) for view in views]
        whole: dict[int, Generated] = {}
        for one in {b.model_dump_json(): b for b in bounded}.values():
            places = [place for place, other in enumerate(bounded) if other == one]
            some = [views[place] for place in places]
            arrays = one.asked({**self.collate(some)[0], **self.target.begun(len(some), self.processor)})
            timing = self._timing(some)
            arrays = arrays if timing is None else timing.begun(arrays)
            seeds = [int(view.get("_seed", self.seed)) for view in some]
            written = self.compute(arrays, one, self.ends, seeds)
            timed = written if timing is None else self._with_times(timing, arrays, some, written)
            whole |= dict(zip(places, timed, strict=True))
        return [whole[place] for place in range(len(views))]

    def _timing(self, views: Sequence[Encoded]) -> TellsTimes | None:
        """What tells times of words, where a view is `TIMED`; None also where what computes tells none."""
        if self.processor.for_input.heard is None or self.ends.text is None or not isinstance(self.compute, TellsTimes):
            return None
        return self.compute if any(view.get(TIMED) for view in views) else None

    def _with_times(
        self, timing: TellsTimes, arrays: dict[str, Array], views: Sequence[Encoded], written: Sequence[Generated]
    ) -> list[Generated]:
        """With times of the words of views that are `TIMED`."""
        heard, text = self.processor.for_input.heard, self.ends.text
        assert heard is not None and text is not None  # noqa: PT018 - of `_timing`
        out, wanted = (
            list(written),
            [row for row, view in enumerate(views) if view.get(TIMED) and len(written[row].ids)],
        )
        if not wanted:
            return out
        seconds = [float(views[row]["_samples"]) / heard[0] for row in wanted]
        rows = {name: values[wanted] for name, values in arrays.items()}
        told = timing.token_times(rows, [written[row].ids.tolist() for row in wanted], seconds)
        for row, times, length in zip(wanted, told, seconds, strict=True):
            if times is not None:
                words = attended_words(written[row].ids.tolist(), times, text, length)
                out[row] = replace(written[row], words=tuple(words))
        return out

    def frames(self, views: Sequence[Encoded]) -> list[Generated]:
        """Of a decoder that reads frames."""
        logits = self.compute(**self.collate(views)[0])
        lengths = [self.target.frames(view, logits.shape[1], self.processor) for view in views]
        said = [self.decoder.labelled(row[:length], self.ends) for row, length in zip(logits, lengths, strict=True)]
        if not self.timed:
            return said
        rows = zip(said, logits, lengths, views, strict=True)
        return [_with_times(one, row[:length], view, self.ends, self.processor) for one, row, length, view in rows]


def _with_times(one: Generated, frames: Array, view: Encoded, ends: Ends, processor: Processor) -> Generated:
    """A labelling of a sound with the times of its words; without where there is no way through its frames, [L, V]."""
    heard = getattr(processor.for_input, "heard", None)
    if ends.text is None or heard is None or "_samples" not in view or not len(frames):
        return one
    seconds = float(view["_samples"]) / heard[0] / len(frames)
    try:
        words = timed_words(frames, one.ids.tolist(), ends.text, seconds, ends.blank)
    except ValueError:
        return one
    return replace(one, words=tuple(words))
