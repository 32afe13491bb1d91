"""The contract of every target."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from burnish.core.batch import Array, Encoded
from burnish.core.component import Component
from burnish.core.joining import mean
from burnish.core.processor import Processor
from burnish.targets._answers import Decoded, Outcome
from burnish.targets._taught import require_taught

if TYPE_CHECKING:
    import pyarrow as pa


Shape = Literal["row", "element", "sequence", "decoded", "frames", "codes"]
"""One answer a row; one for each element of it; written behind it by the same network; by a decoder; read from frames; or
codes of a sound, several at each step."""


class Target(Component):
    """What comes out: a column, what was learned from it, and the way between truth, numbers and answers.

    What only some targets can do are capabilities, which they inherit beside this class: `Named`, `Judged`, `Confident`,
    `Recognised`, `Standalone`, `Generative`, `Taught`, `Filed`. Nobody asks for the kind of a target.
    """

    axis: ClassVar[str] = "burnish.targets"
    encodes_with: ClassVar[tuple[str, ...]] = ("burnish.core.names", "burnish.core.written_lists")
    """Modules and packages that `encode` depends on, beside this room: when one changes, rows are encoded anew."""
    shape: ClassVar[Shape] = "row"
    """What its answers are to a row; models choose the head by it."""
    default_loss: ClassVar[str]
    """The loss where a recipe names none; right for it whatever kinds that loss names."""
    headline: ClassVar[tuple[str, ...]]
    """Kinds of metric reported first and given intervals."""
    decides: ClassVar[str]
    """The metric, by its name in scores.json, that chooses the best checkpoint."""
    like: ClassVar[tuple[str, ...]] = ()
    """Other kinds whose losses and metrics are right for this one as well."""
    not_in_float16: ClassVar[str] = ""
    """Why networks that answer so are not computed in float16, in words; empty where they are."""
    problem: ClassVar[str] = ""
    """The transformers `problem_type` of the head; empty where there is none."""
    column: str = Field("label", description="Label column.")

    @classmethod
    def __pydantic_init_subclass__(cls, **settings: Any) -> None:
        super().__pydantic_init_subclass__(**settings)
        require_taught(cls)

    @property
    @abstractmethod
    def outputs(self) -> int:
        """How many logits the head gives."""

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

    def joined(self, views: Array) -> Array:
        """What the network says of the views of one row, float32 [V, ...] in their order, as one: [...].

        The mean of the logits, so that confident views count for more. The same in validation, test, bundle and predictor.
        """
        return mean(views)

    def decode(self, logits: Array, encoded: Sequence[Encoded]) -> list[Decoded]:
        """Answers for a batch of logits ([B, C] or [B, L, C]), in the words of the data; `Generative` targets have none."""
        raise NotImplementedError(f"predictions of target {self.kind()!r} are generated by a decoder")

    @abstractmethod
    def truth(self, value: Any) -> Any:
        """The truth as it goes into the predictions table, in the same form as an answer; None where it is missing."""

    def columns(self) -> tuple[str, ...]:
        """Numbers that are kept of each row beside its answer, such as edits and words, or nats and bytes.

        Scores of a whole corpus are sums of them, divided once.
        """
        return ()

    def measured(self, truth: Any, answer: Any, nats: float) -> Sequence[float]:
        """The numbers of `columns` for a row with a truth.

        Args:
            truth, answer: as in the table.
            nats: loss of the row, summed over its elements; not a number where no loss was computed.
        """
        return ()

    def measures(self, outcome: Outcome) -> Sequence[float]:
        """The numbers of `columns` for a row with a truth, of all that is known of it; by default those of `measured`.

        Written where truth, answer and nats do not say enough: how many tokens were learned or written, why it ended.
        A baseline answers as well, and neither writes nor loses: what is not known then is not a number.
        """
        return self.measured(outcome.truth, outcome.decoded.answer, outcome.nats)

    @abstractmethod
    def arrow_type(self) -> pa.DataType:
        """The Arrow type of answers and truths in the predictions table."""
