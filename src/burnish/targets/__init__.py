"""Targets: what comes out. One file each. Whoever turns truth into numbers turns logits into answers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from burnish.core.batch import Array, Encoded
from burnish.core.component import Component

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Decoded:
    """An answer: in the words of the data, and how likely each possible answer is ([C] float32, empty for regression)."""

    answer: Any
    probabilities: Array


class Target(Component):
    """What comes out: a column, what was learned from it, and the way between truth, numbers and answers."""

    axis: ClassVar[str] = "burnish.targets"
    shape: ClassVar[Literal["row", "element"]] = "row"
    """One answer a row, or one for each element of the input; models choose the head by it."""
    default_loss: ClassVar[str]
    headline: ClassVar[tuple[str, ...]]
    """Kinds of metric reported first and given intervals."""
    decides: ClassVar[str]
    """The metric, by its name in scores.json, that chooses the best checkpoint."""
    recognition_order: ClassVar[int] = 0
    """Which targets are asked first whether they recognise a column: the most specific have the lowest number."""
    problem: ClassVar[str] = ""
    """The transformers `problem_type` of the head; empty where there is none."""
    column: str = Field("label", description="Column that holds the truth.")

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
    def encode(self, value: Any, encoded: Encoded) -> tuple[Array, Array]:
        """Truth and weight as arrays without a batch axis (0-d, [C] or [L]); missing or unknown truth has weight 0."""

    @abstractmethod
    def collate(self, pairs: Sequence[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
        """Targets and weights with a batch axis, padded to `length` elements where they are element-wise."""

    @abstractmethod
    def strata(self, value: Any) -> str | None:
        """What splits preserve and samplers balance: the class of a row; None where there is none."""

    @abstractmethod
    def counts(self, values: Iterable[Any]) -> Mapping[str, int]:
        """How often each name occurs."""

    @abstractmethod
    def decode(self, logits: Array, encoded: Sequence[Encoded]) -> list[Decoded]:
        """Answers for a batch of logits ([B, C] or [B, L, C]), in the words of the data."""

    @abstractmethod
    def truth(self, value: Any) -> Any:
        """The truth as it goes into the predictions table, in the same form as an answer; None where it is missing."""

    @abstractmethod
    def arrow_type(self) -> pa.DataType:
        """The Arrow type of answers and truths in the predictions table."""
