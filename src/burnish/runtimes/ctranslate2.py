"""Texts and transcripts written by CTranslate2: a lean runtime for language models and Whisper, without torch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from pydantic import Field

from burnish.core.batch import Array
from burnish.core.errors import InputError
from burnish.core.generated import Ends, Generated, Progress, Reason
from burnish.decoders import Decoder
from burnish.inputs import Input
from burnish.runtimes import Generate, Together
from burnish.runtimes._batches import Batches, Stepwise, batch_written, generated_of, seeded
from burnish.runtimes._threads import threads_told
from burnish.runtimes._transcribing import Transcriber, spoken_settings
from burnish.runtimes._writing_only import WritingOnly
from burnish.targets import Target

VOCABULARY, WEIGHTS = "vocabulary.json", "model.bin"
A_THREAD = 512 * 2**20
"""Bytes of weights from which another thread is worth waking for each layer of each token. With SmolLM2 (130 MiB in int8)
two threads wrote 27 tokens a second and one 60; one prompt on each of two cores 138 (benchmarks/README.md)."""


class Ctranslate2(WritingOnly):
    """CTranslate2 with a bundle's exported model, on a CPU or GPU.

    It decodes itself: greedy, beam and sampling (temperature, top_k, top_p, repetition_penalty). Sampled answers are written
    one at a time, each from its own seed.
    """

    reads: ClassVar[str] = "ctranslate2"
    instead: ClassVar[str] = "onnx, or torch"
    device: str = Field("cpu", description="Where it computes: cpu or cuda.")
    threads: int | None = Field(
        None,
        ge=1,
        description="Threads of one batch; null: one for each 512 MiB of weights. Other cores write other batches.",
    )

    def require(self, decoder: Decoder, target: Target, ends: Ends) -> None:
        """Whether the library has what a decoder is set to."""
        if target.shape == "decoded":
            spoken_settings(decoder)
        else:
            settings_of(decoder, ends)

    def generates(self, folder: Path, model: dict[str, Any], input: Input, target: Target) -> Generate:
        """The model in an artifact's folder.

        Raises:
            InputError: the library is missing, or the files are not those of a model.
        """
        try:
            import ctranslate2
        except ImportError as error:
            raise InputError("this runtime needs ctranslate2", fix="pip install 'burnish[ctranslate2]'") from error
        if target.shape == "decoded":
            return self._transcriber(ctranslate2, folder)
        try:
            threads, batches = self._shared(folder)
            generator = ctranslate2.Generator(
                str(folder), device=self.device, compute_type="default", inter_threads=batches, intra_threads=threads
            )
            words = json.loads((folder / VOCABULARY).read_text(encoding="utf-8"))
        except (RuntimeError, ValueError, OSError) as error:
            raise _closed(error, folder) from error
        return _Writer(generator, words)

    def _transcriber(self, ctranslate2: Any, folder: Path) -> Generate:
        """Whisper, on the cores as language models are: two batches of a thread each took three quarters of the time that one
        of two threads took, with Whisper base on two busy cores, in eights and one by one."""
        threads, parts = self._shared(folder)

        def opened(parts: int) -> Any:
            return ctranslate2.models.Whisper(
                str(folder), device=self.device, compute_type="default", inter_threads=parts, intra_threads=threads
            )

        try:
            return Transcriber(opened(parts), parts, partial(opened, 1))
        except (RuntimeError, ValueError, OSError) as error:
            raise _closed(error, folder) from error

    def _shared(self, folder: Path) -> tuple[int, int]:
        """Threads of one batch, and how many batches are written at once: the weights are there once."""
        if self.device != "cpu":
            return 0, 1
        cores = threads_told() or os.cpu_count() or 1
        threads = self.threads or min(cores, max(1, (folder / WEIGHTS).stat().st_size // A_THREAD))
        return threads, max(1, cores // threads)


class _Writer:
    """A model that writes, as decoders ask for it.

    Args:
        generator: of the library.
        words: the vocabulary in the order of its ids, by which the library takes prompts.
    """

    def __init__(self, generator: Any, words: list[str]) -> None:
        self._generator, self._words = generator, words

    def __call__(
        self, arrays: Mapping[str, Array], decoder: Decoder, ends: Ends, seeds: Sequence[int] = ()
    ) -> list[Generated]:
        """Sequences for B rows."""
        asked = settings_of(decoder, ends)
        stepwise = cast(Stepwise, decoder)
        prompts = self._prompts(arrays)
        if not stepwise.stop and not asked["random"]:
            return self._batch(prompts, asked, stepwise, ends)
        out: list[Generated] = []
        for row, prompt in enumerate(prompts):
            if asked["random"]:
                seeded(_seed(decoder, seeds, row))
            out += self._batch([prompt], asked, stepwise, ends)
        return out

    def writing(
        self, arrays: Mapping[str, Array], decoder: Decoder, ends: Ends, seeds: Sequence[int] = ()
    ) -> Iterator[Progress]:
        """The same, told while it is written where there is one row and one sequence of it."""
        asked = settings_of(decoder, ends)
        stepwise = cast(Stepwise, decoder)
        prompts = self._prompts(arrays)
        if len(prompts) > 1 or asked["options"].get("beam_size", 1) > 1:
            for row, one in enumerate(self(arrays, decoder, ends, seeds)):
                yield Progress(row, one.ids.tolist(), one)
            return
        if asked["random"]:
            seeded(_seed(decoder, seeds, 0))
        ids: list[int] = []
        score, options = 0.0, {k: v for k, v in asked["options"].items() if k not in ("beam_size", "length_penalty")}
        steps = self._generator.generate_tokens(
            prompts[0],
            max_length=stepwise.max_new_tokens,
            end_token=sorted(ends.stop),
            return_log_prob=True,
            **options,
        )
        for step in steps:
            score += float(step.log_prob or 0.0)
            if step.token_id in ends.stop:
                yield Progress(0, tuple(ids), Generated(np.array(ids, np.int64), score, "stop"))
                return
            ids.append(int(step.token_id))
            cut = stepwise.cut_at(ids, ends)
            length: Reason | None = "length" if len(ids) >= stepwise.max_new_tokens else None
            ended: Reason | None = "stop" if cut is not None else length
            whole = None if ended is None else Generated(np.array(ids, np.int64), score, ended, cut)
            yield Progress(0, tuple(ids), whole)
            if whole is not None:
                return
        yield Progress(0, tuple(ids), Generated(np.array(ids, np.int64), score, "stop"))

    def check(self, decoder: Decoder) -> None:
        settings_of(decoder)

    def together(self) -> Together:
        return Batches(self._generator, self._prompts, settings_of, len(self._words))

    def _prompts(self, arrays: Mapping[str, Array]) -> list[list[str]]:
        ids = arrays["input_ids"]
        mask = arrays.get("attention_mask", np.ones_like(ids))
        return [[self._words[i] for i in row[keep != 0]] for row, keep in zip(ids, mask, strict=True)]

    def _batch(self, prompts: list[list[str]], asked: dict[str, Any], decoder: Stepwise, ends: Ends) -> list[Generated]:
        """Answers to all; where there are stop texts, to one prompt."""
        begun: list[int] = []

        def cut(step: Any) -> bool:
            if step.token_id in ends.stop:
                return False
            begun.append(int(step.token_id))
            return decoder.cut_at(begun, ends) is not None

        told = cut if decoder.stop else None
        results = batch_written(self._generator, prompts, decoder.max_new_tokens, ends, asked["options"], told)
        return [generated_of(result, decoder, ends) for result in results]


def _closed(error: Exception, folder: Path) -> InputError:
    return InputError(f"CTranslate2 cannot open the model: {error}", place=str(folder))


def _seed(decoder: Decoder, seeds: Sequence[int], row: int) -> int:
    return int(seeds[row]) if seeds else int(getattr(decoder, "seed", 0))


def settings_of(decoder: Decoder, ends: Ends | None = None) -> dict[str, Any]:
    """What the library is given for a decoder: `options`, and whether it is `random`.

    Args:
        decoder: whose settings they are.
        ends: what ends a sequence, and the grammar that it is held to unless the decoder is free; None: it has none.

    Raises:
        InputError: a setting that it does not have.
    """
    values = decoder.model_dump()
    if values.get("json_schema") is not None:
        raise _lacks("predictions in a JSON schema")
    own = ends is not None and ends.orders is not None and values.get("grammar") is None
    if own or values.get("grammar") not in (None, "free"):
        raise InputError(
            "CTranslate2 cannot hold predictions to a grammar: it chooses each token itself, and shows no logits before",
            expected="a decoder without grammar",
            fix="serve the bundle as it is (runtime: torch) or export it --to gguf; or train with decoder.grammar=free",
            place="decoder.grammar",
        )
    if decoder.kind() == "greedy":
        return {"options": {"sampling_topk": 1, "length_penalty": 0}, "random": False}
    if decoder.kind() == "beam":
        if values["stop"]:  # it tells of a beam's tokens when all is written, so none could end at a stop text
            raise _lacks("beam that ends at stop texts")
        options = {"beam_size": values["width"], "length_penalty": values["length_penalty"], "sampling_topk": 1}
        return {"options": options, "random": False}
    if decoder.kind() != "sampling":
        raise _lacks(f"decoder {decoder.kind()!r}")
    for name in ("min_p", "frequency_penalty", "presence_penalty", "logit_bias"):
        if values[name]:
            raise _lacks(name)
    random = values["temperature"] > 0 and values["top_k"] != 1
    options = {
        "sampling_topk": (values["top_k"] or 0) if random else 1,
        "sampling_topp": values["top_p"],
        "sampling_temperature": values["temperature"] if random else 1.0,
        "repetition_penalty": values["repetition_penalty"],
        "length_penalty": 0,
    }
    return {"options": options, "random": random}


def _lacks(what: str) -> InputError:
    return InputError(
        f"CTranslate2 has no {what}",
        expected="greedy, beam, or sampling with temperature, top_k, top_p",
        fix="runtime: torch",
    )
