"""A target of sequences, a network that writes, and an input, all from outside burnish: what the seams of answers must hold.

Nothing here is trained: weights are drawn from a seed, and what is written is whatever they say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from burnish.core.batch import Array, Encoded, Example
from burnish.core.generated import Ends, Generated
from burnish.inputs import Input, Processor
from burnish.models import Model
from burnish.targets import Decoded, Generative, Target

LETTERS = "_abcdefgh"
STOP = 0


def ids_of(text: str) -> list[int]:
    return [LETTERS.index(letter) for letter in text if letter in LETTERS[1:]]


def text_of(ids: Sequence[int]) -> str:
    return "".join(LETTERS[int(i)] for i in ids)


@dataclass(frozen=True)
class Alphabet(Processor):
    """One token a letter."""

    max_length: int | None = None

    def fingerprint(self) -> str:
        return LETTERS

    def settings(self) -> dict[str, Any]:
        return {}


class Letters(Input):
    """Letters of one column."""

    lengths_matter: ClassVar[bool] = True
    shapes: ClassVar[tuple[str, ...]] = ("sequence",)
    column: str = "text"
    left: bool = Field(True, description="Whether padding stands before a row, as for networks that write on.")

    @property
    def required_columns(self) -> tuple[str, ...]:
        return (self.column,)

    def inferred(self, columns: Sequence[str], rows: Sequence[Example], target: str) -> Letters | None:
        return self

    def processor(self, folder: Path, settings: dict[str, Any] | None = None) -> Any:
        return Alphabet()

    def save_processor(self, processor: Any, folder: Path) -> None:
        pass

    def encode(self, examples: Sequence[Example], processor: Any) -> list[Encoded]:
        out: list[Encoded] = []
        for example in examples:
            ids = np.array(ids_of(str(example[self.column])) or [STOP], np.int32)
            length = np.asarray(len(ids), np.int32)
            out.append({"input_ids": ids, "_length": length, "_full_length": length})
        return out

    def collate(self, encoded: Sequence[Encoded], processor: Any) -> tuple[dict[str, Array], int]:
        longest = max(len(e["input_ids"]) for e in encoded)
        arrays = np.zeros((2, len(encoded), longest), np.int64)
        for row, e in enumerate(encoded):
            start = longest - len(e["input_ids"]) if self.left else 0
            arrays[0, row, start : start + len(e["input_ids"])] = e["input_ids"]
            arrays[1, row, start : start + len(e["input_ids"])] = 1
        return {"input_ids": arrays[0], "attention_mask": arrays[1]}, longest

    def shown(self, encoded: Encoded, processor: Any) -> str:
        return text_of(encoded["input_ids"])


class Reply(Target, Generative):
    """Letters that are written."""

    shape: ClassVar[Literal["row", "element", "sequence"]] = "sequence"
    default_loss: ClassVar[str] = "cross_entropy"
    headline: ClassVar[tuple[str, ...]] = ()
    decides: ClassVar[str] = "loss"
    column: str = Field("reply", description="Column of the reply.")

    @property
    def outputs(self) -> int:
        return len(LETTERS)

    def learned(self, values: Any) -> Reply:
        return self

    def problem_with(self, value: Any) -> str:
        return "" if isinstance(value, str) else "no reply"

    def encode(self, value: Any, encoded: Encoded, processor: Any = None) -> tuple[Array, Array]:
        ids = np.array([*ids_of(str(value or "")), STOP], np.int64)
        return ids, np.full(len(ids), value is not None, np.float32)

    def collate(self, pairs: Sequence[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
        longest = max(len(ids) for ids, _ in pairs)
        ids, weights = np.zeros((len(pairs), longest), np.int64), np.zeros((len(pairs), longest), np.float32)
        for row, (own, weight) in enumerate(pairs):
            ids[row, : len(own)], weights[row, : len(own)] = own, weight
        return ids, weights

    def strata(self, value: Any) -> str | None:
        return None

    def truth(self, value: Any) -> Any:
        return value

    def arrow_type(self) -> Any:
        import pyarrow as pa

        return pa.string()

    def columns(self) -> tuple[str, ...]:
        return ("wrong", "letters")

    def measured(self, truth: Any, answer: Any, nats: float) -> Sequence[float]:
        return (float(truth != answer), float(len(truth)))

    def ends(self, processor: Any) -> Ends:
        return Ends(frozenset({STOP}), text_of)

    def said(self, views: Sequence[Generated], encoded: Encoded, processor: Any) -> Decoded:
        """Views one after the other, as transcripts of windows are stitched."""
        texts = [text_of(view.ids)[: view.cut] for view in views]
        ended = "length" if any(view.ended == "length" for view in views) else "stop"
        return Decoded("".join(texts), np.zeros(0, np.float32), sum(view.score for view in views), ended)  # type: ignore[arg-type]


class Frames(Reply):
    """Letters that are heard, one distribution a frame (CTC)."""

    usual_decoder: ClassVar[str] = "ctc_greedy"


class Writer(Model):
    """One layer of causal attention over letters, drawn from a seed."""

    def folder(self) -> Path:
        return Path(self.name)

    def build(self, input: Input, target: Target, *, seed: int) -> Any:
        from tests.toy_writer import ToyNetwork

        return ToyNetwork(seed)

    def load(self, folder: Path, input: Input, target: Target) -> Any:
        from safetensors.torch import load_file

        from tests.toy_writer import ToyNetwork

        network = ToyNetwork(int(json.loads((folder / "config.json").read_text())["seed"]))
        network.load_state_dict(load_file(folder / "model.safetensors"))
        return network.eval()


def rows(count: int = 24) -> list[Mapping[str, Any]]:
    """Texts of different lengths, with their reverse."""
    random = np.random.default_rng(0)
    texts = ["".join(random.choice(list(LETTERS[1:]), n % 7 + 1)) for n in range(count)]
    return [{"text": text, "reply": text[::-1]} for text in texts]
