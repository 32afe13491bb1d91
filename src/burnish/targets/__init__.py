"""Targets: what comes out. One file each. Whoever turns truth into numbers turns logits into answers.

A target also knows what its answers mean: evaluation asks it for the usual answer, for what is counted as right, and for
how wrong an answer is, and has no case for any one target.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from pydantic import Field

from burnish.core.batch import Array, Encoded
from burnish.core.component import Component, component_class
from burnish.core.processor import Processor
from burnish.targets._taught import Taught

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Decoded:
    """An answer: in the words of the data, and how likely each possible answer is ([C] float32, empty for regression)."""

    answer: Any
    probabilities: Array


@dataclass(frozen=True)
class Classes:
    """What a report calls the classes of a target (a heading, and one of them), and what their support counts."""

    title: str = "Classes"
    one: str = "class"
    unit: str = "examples"


@dataclass(frozen=True)
class Usual:
    """The answer that needs no model.

    Attributes:
        answer: what is always said, in the words of the data: of each row, or of each element.
        note: what it is and how it was found, in a few words.
        shares: how probable it makes each name, or None where probabilities are not given.
    """

    answer: Any
    note: str
    shares: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Wrong:
    """What is wrong about an answer: in words what would have been right and what was said, and how bad it is."""

    truth: str
    answer: str
    size: float


@dataclass(frozen=True)
class Mistakes:
    """How a report speaks of wrong answers.

    Attributes:
        title: the heading.
        size: what `Wrong.size` is, in words.
        truth, answer: what stands before the truth and before the answer.
        signed: whether every row is more or less wrong, above or below, as with numbers.
    """

    title: str = "Worst mistakes"
    size: str = "size"
    truth: str = "label"
    answer: str = "prediction"
    signed: bool = False


class Target(Taught, Component):
    """What comes out: a column, what was learned from it, and the way between truth, numbers and answers."""

    axis: ClassVar[str] = "burnish.targets"
    encodes_with: ClassVar[tuple[str, ...]] = ("burnish.core.names", "burnish.core.written_lists")
    """Modules and packages that `encode` depends on, beside this room: when one changes, rows are encoded anew."""
    shape: ClassVar[Literal["row", "element"]] = "row"
    """One answer a row, or one for each element of the input; models choose the head by it."""
    default_loss: ClassVar[str]
    headline: ClassVar[tuple[str, ...]]
    """Kinds of metric reported first and given intervals."""
    decides: ClassVar[str]
    """The metric, by its name in scores.json, that chooses the best checkpoint."""
    recognition_order: ClassVar[int] = 0
    """Which targets are asked first whether they recognise a column: the most specific have the lowest number."""
    like: ClassVar[tuple[str, ...]] = ()
    """Other kinds whose losses and metrics are right for this one as well."""
    classes: ClassVar[Classes | None] = None
    """How its classes are called in reports; None where answers have no classes."""
    exclusive: ClassVar[bool] = False
    """Whether an answer is exactly one of the names: then confusions, calibration and McNemar's test mean something."""
    linear: ClassVar[Literal["names", "sets", "numbers"] | None] = None
    """What a linear model on frozen features learns (one of the names, any of them, a number); None: no such baseline."""
    mistakes: ClassVar[Mistakes] = Mistakes()
    """How a report speaks of wrong answers."""
    problem: ClassVar[str] = ""
    """The transformers `problem_type` of the head; empty where there is none."""
    column: str = Field("label", description="Label column.")

    def tempered(self, probabilities: Array, temperature: float) -> Array | None:
        """Probabilities, float64 [N, C], as they would be were the logits divided by another temperature than now.

        None where answers have no temperature (a field of that name).
        """
        return None

    def surprise(self, truths: Sequence[Any], probabilities: Array) -> float:
        """Mean negative log-likelihood, in nats, of truths as `truth` gives them, none missing, under [N, C]."""
        raise NotImplementedError(f"target {self.kind()!r} has no likelihood")

    @property
    def may_abstain(self) -> bool:
        """Whether answers are marked that are not sure enough."""
        return False

    def abstains(self, decoded: Decoded) -> bool | None:
        """Whether an answer is less sure than it must be to be given; None where answers are never marked."""
        return None

    def margin(self, before: Decoded, after: Decoded) -> float | None:
        """How far, in probability, an answer was from deciding as another did; None where answers have no probabilities."""
        return None

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Label names in the order of the logits; empty for regression."""

    @property
    @abstractmethod
    def outputs(self) -> int:
        """How many logits the head gives."""

    @abstractmethod
    def recognises(self, values: Sequence[Any]) -> bool:
        """Whether a sample of a column's values looks like this target (used when a recipe names only the column)."""

    def settled(self, values: Sequence[Any], *, inferred: bool = False) -> tuple[Target, list[str]]:
        """This target as a column is written (lists as text, numbers in place of names ...), and what is to be said of it.

        Args:
            values: of the training table, before it is split; nothing that a test may not know is learned from them.
            inferred: whether the kind of target was guessed from them.

        Raises:
            InputError: a way of writing that would be taken for names.
        """
        return self, []

    @abstractmethod
    def learned(self, values: Iterable[Any]) -> Target:
        """This target with what must be learned (label names, scale), from the values of the training split only.

        Raises:
            InputError: nothing to learn: no value, one class only, not numbers ...
        """

    @abstractmethod
    def problem_with(self, value: Any) -> str:
        """Why a value cannot be truth for this (learned) target, in words; empty when it can."""

    @abstractmethod
    def encode(self, value: Any, encoded: Encoded, processor: Processor) -> tuple[Array, Array]:
        """Truth and weight as arrays without a batch axis (0-d, [C] or [L]); missing or unknown truth has weight 0.

        Args:
            value: the cell.
            encoded: the row as `Input.encode` gave it; of rows that are read for each batch, their lengths only.
            processor: what the run encodes with; a tokenizer of answers is its `for_target`.
        """

    @abstractmethod
    def collate(self, pairs: Sequence[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
        """Targets and weights with a batch axis, padded to `length` elements where they are element-wise."""

    @abstractmethod
    def strata(self, value: Any) -> str | None:
        """What splits preserve and samplers balance: the class of a row; None where there is none."""

    @abstractmethod
    def counts(self, values: Iterable[Any]) -> Mapping[str, int]:
        """How often each name occurs."""

    def prior(self, values: Iterable[Any]) -> Array | None:
        """float32 [C]: the logits by which an untrained head should begin, from the training split; None for all 0."""
        return None

    @abstractmethod
    def decode(self, logits: Array, encoded: Sequence[Encoded]) -> list[Decoded]:
        """Answers for a batch of logits ([B, C] or [B, L, C]), in the words of the data."""

    @abstractmethod
    def truth(self, value: Any) -> Any:
        """The truth as it goes into the predictions table, in the same form as an answer; None where it is missing."""

    @abstractmethod
    def arrow_type(self) -> pa.DataType:
        """The Arrow type of answers and truths in the predictions table."""

    @classmethod
    def usual(cls, truths: Sequence[Any], names: Sequence[str]) -> Usual | None:
        """The best answer without a model, from training truths (none missing); None where there is no such thing."""
        return None

    @classmethod
    def mentioned(cls, truth: Any) -> Sequence[str]:
        """The names a truth speaks of; none where answers have no names."""
        return ()

    @classmethod
    def class_names(cls, names: Sequence[str]) -> Sequence[str]:
        """The classes that are counted, from the names of the logits: the same, unless names are parts of classes."""
        return names

    @classmethod
    def counted(cls, answer: Any) -> set[tuple[Any, ...]]:
        """What an answer (or truth) claims, each claim beginning with its class: precision and recall count claims."""
        return {(name,) for name in cls.mentioned(answer)}

    @classmethod
    def same(cls, first: Any, second: Any) -> bool:
        """Whether two truths are the same."""
        return bool(first == second)

    @classmethod
    def wrong(cls, truth: Any, answer: Any, probabilities: Array, names: Sequence[str]) -> Wrong | None:
        """What is wrong about an answer, None where it is right; `probabilities` are [C] in the order of `names`, or [0]."""
        return None if cls.same(truth, answer) else Wrong(str(truth), str(answer), 1.0)


def target_class(kind: str) -> type[Target]:
    """The class of a kind of target, as a table of predictions names it.

    Code from outside burnish is found where it has been imported already; naming it in a table imports nothing.

    Raises:
        InputError: unknown kind, or code from outside that is not there.
    """
    there = kind.partition(":")[0] in sys.modules
    return cast("type[Target]", component_class("burnish.targets", kind, trust_code=there))


def fits(kinds: Sequence[str], target: str) -> bool:
    """Whether a loss or metric for these kinds of target is right for a kind."""
    return target in kinds or any(other in kinds for other in target_class(target).like)
