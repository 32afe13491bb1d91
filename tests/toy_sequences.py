"""Sequence targets from outside the package: a string is answered with its letters reversed.

Everything a sequence target needs, and nothing of it in `src/`: a character tokenizer, an input that reads letters, three
ways of answering (a reply inside the sequence, a decoder shown the truth, frames under CTC), a loss of one value a row, a
network for each, a sampler that packs, and metrics. Answers are written by burnish's decoders. Kinds are
`tests.toy_sequences:NAME`, with `trust_code: true`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.core.batch import Array, Encoded, Example, Truth
from burnish.core.generated import Ends, Generated, Reason
from burnish.core.predictions import Predictions
from burnish.core.processor import Processor
from burnish.core.terms import Outputs, Terms
from burnish.data.samplers.shuffled import Shuffled
from burnish.inputs import Input
from burnish.losses import Loss, in_full
from burnish.metrics import Metric, SumRatio
from burnish.models import Model
from burnish.targets import Decoded, Generative, Outcome, Target, Taught

if TYPE_CHECKING:
    import pyarrow as pa
    import torch

    from tests.toy_network import Reverser

PAD, BEGIN, END, MARK, FIRST = 0, 1, 2, 3, 4
"""Numbers that are no letters: padding (and the blank of CTC), before an answer, behind it, between question and reply."""
LONGEST = 12
"""Letters of the longest answer that is written."""
LETTERS = "abcdefgh"
CAPITALS = "ABCDEFGH"


@dataclass(frozen=True)
class Letters(Processor):
    """A character tokenizer.

    Attributes:
        alphabet: its letters; the number of a letter is its place behind the numbers that are no letters.
    """

    alphabet: str

    def fingerprint(self) -> str:
        """The alphabet."""
        return self.alphabet

    def settings(self) -> dict[str, Any]:
        """The alphabet."""
        return {"alphabet": self.alphabet}

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return FIRST + len(self.alphabet)

    def numbers(self, text: str) -> NDArray[np.int32]:
        """int32 [letters]; letters of another alphabet are left out."""
        return np.array([FIRST + self.alphabet.index(c) for c in text if c in self.alphabet], np.int32)

    def text(self, numbers: Iterable[int]) -> str:
        """The letters up to the first END."""
        found = []
        for number in numbers:
            if number == END:
                break
            if number >= FIRST:
                found.append(self.alphabet[number - FIRST])
        return "".join(found)


class Spelling(Input):
    """A string of letters a row."""

    lengths_matter: ClassVar[bool] = True
    shapes: ClassVar[tuple[str, ...]] = ("sequence",)
    column: str = Field("text", description="Column with the letters.")
    mark: bool = Field(False, description="Whether MARK stands behind the letters, as where a reply is written on.")

    @property
    def required_columns(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def inferred(self, columns: Sequence[str], rows: Sequence[Example], target: str) -> Spelling:
        """As it is."""
        return self

    def processor(self, folder: Path, settings: dict[str, Any] | None = None) -> Letters:
        """The alphabet in `letters.json`."""
        values = settings or json.loads((folder / "letters.json").read_text(encoding="utf-8"))
        return Letters(values["alphabet"])

    def save_processor(self, processor: Any, folder: Path) -> None:
        """Write `letters.json`."""
        (folder / "letters.json").write_text(json.dumps(processor.settings()), encoding="utf-8")

    def encode(self, examples: Sequence[Example], processor: Any) -> list[Encoded]:
        """`input_ids` int32 [letters]."""
        behind = np.array([MARK] * self.mark, np.int32)
        rows = [np.append(processor.numbers(str(e.get(self.column) or "")), behind) for e in examples]
        return [{"input_ids": ids, "_length": np.int32(len(ids)), "_full_length": np.int32(len(ids))} for ids in rows]  # type: ignore[dict-item]

    def packed(self, rows: Sequence[Encoded], processor: Any) -> Encoded:
        """The letters of all; `position_ids` begin anew in each row, and tell the network where one begins."""
        length = np.int32(sum(int(r["_length"]) for r in rows))
        positions = np.concatenate([np.arange(len(r["input_ids"]), dtype=np.int32) for r in rows])
        ids = np.concatenate([r["input_ids"] for r in rows])
        return {"input_ids": ids, "position_ids": positions, "_length": length, "_full_length": length}  # type: ignore[dict-item]

    def collate(self, encoded: Sequence[Encoded], processor: Any) -> tuple[dict[str, Array], int]:
        """`input_ids`, `attention_mask` and `position_ids`, int64 [B, L]."""
        length = max(1, max(len(e["input_ids"]) for e in encoded))
        names = ("input_ids", "attention_mask", "position_ids")
        out = {name: np.zeros((len(encoded), length), np.int64) for name in names}
        for i, own in enumerate(encoded):
            real = len(own["input_ids"])
            out["input_ids"][i, :real], out["attention_mask"][i, :real] = own["input_ids"], 1
            out["position_ids"][i, :real] = own.get("position_ids", np.arange(real))
        return out, length

    def shown(self, encoded: Encoded, processor: Any) -> str:
        """The letters."""
        return str(processor.text(encoded["input_ids"]))


class Reversed(Target, Generative, Taught):
    """What the three have in common: the truth is the letters of the question, capital and reversed."""

    shape: ClassVar[Literal["row", "element", "sequence"]] = "sequence"
    default_loss: ClassVar[str] = "cross_entropy"
    decides: ClassVar[str] = "loss"
    headline: ClassVar[tuple[str, ...]] = ("exact", "differing", "nats")
    has_processor: ClassVar[bool] = True
    way: ClassVar[str]
    alphabet: str = Field("", description="Letters of the answers; empty: learned from training.")

    @property
    def outputs(self) -> int:
        """Letters, and the numbers that are none."""
        return FIRST + len(self.alphabet)

    def learned(self, values: Iterable[Any]) -> Reversed:
        """With the letters that occur, sorted."""
        return self.model_copy(update={"alphabet": "".join(sorted({c for v in values if v for c in str(v)}))})

    def problem_with(self, value: Any) -> str:
        """Missing."""
        return "" if value else "no answer"

    def processor(self, folder: Path, reads: Processor, settings: dict[str, Any] | None = None) -> Letters:
        """The alphabet of the answers."""
        return Letters(self.alphabet)

    def answer(self, value: Any, processor: Processor) -> NDArray[np.int64]:
        """The numbers of a truth, END behind them."""
        letters = processor.for_target
        assert isinstance(letters, Letters)
        return np.append(letters.numbers(str(value or "")), END).astype(np.int64)

    def encode(self, value: Any, encoded: Encoded, processor: Processor) -> tuple[Array, Array]:
        """int64 [letters + 1] and its weights, 0 where there is no truth."""
        numbers = self.answer(value, processor)
        return numbers, np.full(len(numbers), float(bool(value)), np.float32)

    def collate(self, pairs: Sequence[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
        """Padded to the longest answer."""
        return padded([p[0] for p in pairs], np.int64), padded([p[1] for p in pairs], np.float32)

    def strata(self, value: Any) -> str | None:
        """None."""
        return None

    def truth(self, value: Any) -> str | None:
        """The letters."""
        return str(value) if value else None

    def arrow_type(self) -> pa.DataType:
        """A string."""
        import pyarrow as pa

        return pa.string()

    def columns(self) -> tuple[str, ...]:
        """Letters that differ, letters of the truth, what the network shown the truth lacks to be sure of it, and its writing."""
        return ("differing", "letters", "nats", "tokens", "written", "stopped")

    def measures(self, outcome: Outcome) -> Sequence[float]:
        """Of one row."""
        answer = outcome.decoded
        if answer.written is None:  # scored, and not answered
            return (math.nan, float(len(outcome.truth)), outcome.nats, outcome.weight, math.nan, math.nan)
        differing = sum(one != other for one, other in zip_longest(outcome.truth, answer.answer))
        stopped = float(answer.ended == "stop")
        letters = float(len(outcome.truth))
        return (float(differing), letters, outcome.nats, outcome.weight, float(answer.written), stopped)

    def ends(self, processor: Any) -> Ends:
        """END, and the blank of CTC."""
        return Ends(frozenset({END}), processor.for_target.text, PAD)

    def said(self, views: Sequence[Generated], encoded: Encoded, processor: Any) -> Decoded:
        """The letters of the views, one after the other."""
        text = "".join(processor.for_target.text(view.ids)[: view.cut] for view in views)
        ended: Reason = "length" if any(view.ended == "length" for view in views) else "stop"
        return Decoded(
            text,
            np.zeros(0, np.float32),
            sum(view.score for view in views),
            ended,
            sum(len(view.ids) for view in views),
        )


class Shown(Reversed):
    """Answered by a decoder, which is shown the letters before each one while it learns."""

    way: ClassVar[str] = "decoder"

    def given(self, value: Any, encoded: Encoded, processor: Processor) -> Encoded:
        """`decoder_input_ids`: BEGIN and the letters."""
        return {"decoder_input_ids": np.concatenate([[BEGIN], self.answer(value, processor)[:-1]]).astype(np.int32)}

    def collate_given(self, given: Sequence[Encoded], length: int, processor: Processor) -> dict[str, Array]:
        """Padded to the longest answer."""
        return {"decoder_input_ids": padded([g["decoder_input_ids"] for g in given], np.int64)}


class Reply(Reversed):
    """Answered inside the sequence, as a causal language model does: question with its MARK, reply, END."""

    way: ClassVar[str] = "causal"
    has_processor: ClassVar[bool] = False

    @property
    def outputs(self) -> int:
        """One alphabet for question and reply."""
        return FIRST + len(LETTERS + CAPITALS)

    def given(self, value: Any, encoded: Encoded, processor: Processor) -> Encoded:
        """`input_ids` with the reply behind them: the row grows."""
        ids = np.concatenate([encoded["input_ids"], self.answer(value, processor)[:-1]]).astype(np.int32)
        return {"input_ids": ids, "_length": np.int32(len(ids)), "_full_length": np.int32(len(ids))}  # type: ignore[dict-item]

    def encode(self, value: Any, encoded: Encoded, processor: Processor) -> tuple[Array, Array]:
        """At each place the next number; only the reply has weight."""
        asked, reply = encoded["input_ids"][1:], self.answer(value, processor)
        numbers = np.concatenate([asked, reply]).astype(np.int64)
        weights = np.concatenate([np.zeros(len(asked)), np.full(len(reply), float(bool(value)))])
        return numbers, weights.astype(np.float32)

    def collate(self, pairs: Sequence[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
        """Padded as the rows are."""
        return padded([p[0] for p in pairs], np.int64, length), padded([p[1] for p in pairs], np.float32, length)


class Frames(Reversed):
    """Answered by frames, more than letters, of which equal ones that follow each other are one (CTC)."""

    way: ClassVar[str] = "frames"
    default_loss: ClassVar[str] = "tests.toy_sequences:Ctc"
    usual_decoder: ClassVar[str] = "ctc_greedy"

    def answer(self, value: Any, processor: Processor) -> NDArray[np.int64]:
        """Without END."""
        return super().answer(value, processor)[:-1]

    def frames(self, encoded: Encoded, given: int, processor: Any) -> int:
        """Two of each letter."""
        return min(given, 2 * int(encoded["_length"]))


class Ctc(Loss):
    """Minus the log probability of a row's letters over all ways to spread them over its frames (Graves et al., 2006)."""

    targets: ClassVar[tuple[str, ...]] = ("tests.toy_sequences:Frames",)

    def weights(self, truth: Truth[Any]) -> Any:
        """[R] the letters of each row that have weight."""
        return truth.weights.sum(-1)

    def terms(self, outputs: Outputs, truth: Truth[torch.Tensor]) -> Terms:
        """[R] the mean over the letters of a row, weighted by how many there are."""
        import torch
        from torch.nn import functional as F

        logits, weights = in_full(outputs.logits), self.weights(truth)
        counts = (truth.weights != 0).sum(-1)
        there = counts > 0
        logits = torch.where(there[:, None, None], logits, 0.0)
        lengths = outputs.lengths
        frames = torch.full_like(counts, logits.shape[1]) if lengths is None else lengths
        total = F.ctc_loss(
            logits.log_softmax(-1).transpose(0, 1), truth.targets.clamp(min=1), frames, counts, PAD, "none"
        )
        # Rows whose letters do not fit their frames are infinite; of one without letters the gradient is 0 by where.
        means = torch.where(there, total / counts.clamp(min=1), 0.0)
        return Terms(means, weights, truth.owner[:, 0])


class Exact(Metric):
    """Share of answers that are right to the letter."""

    targets: ClassVar[tuple[str, ...]] = tuple(f"tests.toy_sequences:{n}" for n in ("Shown", "Reply", "Frames"))

    @property
    def label(self) -> str:
        """A short name."""
        return "exact"

    def value(self, predictions: Predictions) -> float:
        """Of rows whose truth is known."""
        right = [t == a for t, a in zip(predictions.truth, predictions.answer, strict=True)]
        return float(np.mean(right)) if right else float("nan")


class Differing(SumRatio):
    """Letters that differ from the truth at their place, of all letters of the whole split."""

    targets: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[str, ...]] = ("differing", "letters")
    greater_is_better: ClassVar[bool] = False

    @property
    def label(self) -> str:
        """A short name."""
        return "differing"


class Nats(SumRatio):
    """What the network, shown the letters before, lacks to be sure of the next: nats a letter of the whole split."""

    targets: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[str, ...]] = ("nats", "letters")
    greater_is_better: ClassVar[bool] = False

    @property
    def label(self) -> str:
        """A short name."""
        return "nats"


class Packed(Shuffled):
    """Rows in random order, as many in a line as fit."""

    line: int = Field(40, ge=1, description="Most letters of a line.")

    def packed(self, lengths: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """First fit, in the order of the rows."""
        lines: list[list[int]] = []
        room: list[int] = []
        for place, length in enumerate(lengths.tolist()):
            fits = next((i for i, left in enumerate(room) if left >= length), None)
            if fits is None:
                lines.append([place])
                room.append(self.line - length)
            else:
                lines[fits].append(place)
                room[fits] -= length
        return [np.array(line, np.int64) for line in lines]


class Reversing(Model):
    """A small transformer of one block, for each way of answering."""

    dropout: float = Field(0.0, ge=0, lt=1, description="Rate of dropout.")

    def folder(self) -> Path:
        """Where `letters.json` is."""
        return Path(self.name)

    def build(self, input: Input, target: Target, *, seed: int) -> Reverser:
        """Drawn from the seed."""
        import torch

        from tests.toy_network import Reverser

        assert isinstance(target, Reversed)
        letters = json.loads((self.folder() / "letters.json").read_text(encoding="utf-8"))["alphabet"]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return Reverser(target.way, FIRST + len(letters), target.outputs, self.dropout)

    def load(self, folder: Path, input: Input, target: Target) -> Reverser:
        """As it was saved."""
        from safetensors.torch import load_file

        made = type(self)(name=str(folder)).build(input, target, seed=0)
        made.load_state_dict(load_file(folder / "model.safetensors"))
        return made


def padded(rows: Sequence[Array], dtype: Any, length: int | None = None) -> Array:
    """[B, L] with zeros behind each row."""
    wide = length or max(1, max(len(row) for row in rows))
    out = np.zeros((len(rows), wide), dtype)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return out


def rows(count: int, seed: int = 0, *, longest: int = 6) -> list[dict[str, str]]:
    """Questions and answers."""
    random = np.random.default_rng(seed)
    words = ["".join(random.choice(list(LETTERS), random.integers(2, longest + 1))) for _ in range(count)]
    return [{"text": word, "answer": word[::-1].upper()} for word in words]


def checkpoint(folder: Path, alphabet: str = LETTERS) -> Path:
    """A folder from which `Reversing` builds."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "letters.json").write_text(json.dumps({"alphabet": alphabet}), encoding="utf-8")
    return folder


def recipe(folder: Path, way: str, **settings: Any) -> dict[str, Any]:
    """Plain values of a recipe for one of `Shown`, `Reply` and `Frames`, on the CPU."""
    return {
        "trust_code": True,
        "input": {"kind": f"{__name__}:Spelling", "mark": way == "Reply"},
        "target": {"kind": f"{__name__}:{way}", "column": "answer"},
        "model": {
            "kind": f"{__name__}:Reversing",
            "name": str(checkpoint(folder / way, LETTERS + CAPITALS if way == "Reply" else LETTERS)),
        },
        **({} if way == "Frames" else {"decoder": {"kind": "greedy", "max_new_tokens": LONGEST}}),
        "metrics": [f"{__name__}:{name}" for name in ("Exact", "Differing", "Nats")],
        "learning_rate": 3e-3,
        "batch_size": 16,
        "precision": "float32",
        "device": "cpu",
        "trackers": [],
        "baselines": False,
        "resamples": 100,
        **settings,
    }
