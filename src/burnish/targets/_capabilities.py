"""What some targets can do and others cannot. A target inherits what it has; whoever needs it asks `isinstance`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from burnish.core.batch import Array, Encoded
from burnish.core.generated import Ends, Generated
from burnish.targets._answers import Classes, Decoded, Mistakes, Usual, Wrong

if TYPE_CHECKING:
    from burnish.inputs import Unfolding


class Recognised(ABC):
    """It may be inferred from a column where a recipe names only that."""

    recognition_order: ClassVar[int] = 0
    """Which targets are asked first whether they recognise a column: the most specific have the lowest number."""

    @abstractmethod
    def recognises(self, values: Sequence[Any]) -> bool:
        """Whether a sample of a column's values looks like this target (used when a recipe names only the column)."""


class Named(ABC):
    """Its answers are made of names: one of them, any of them, or one for each element."""

    classes: ClassVar[Classes] = Classes()
    """How its classes are called in reports."""
    exclusive: ClassVar[bool] = False
    """Whether an answer is exactly one of the names: then confusions, calibration and McNemar's test mean something."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Label names in the order of the logits."""

    @abstractmethod
    def counts(self, values: Iterable[Any]) -> Mapping[str, int]:
        """How often each name occurs."""

    def prior(self, values: Iterable[Any]) -> Array | None:
        """float32 [C]: the logits by which an untrained head should begin, from the training split; None for all 0."""
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


class Judged:
    """Its answers can be judged one by one: what is right, how bad a mistake is, what is answered without a model."""

    linear: ClassVar[Literal["names", "sets", "numbers"] | None] = None
    """What a linear model on frozen features learns (one of the names, any of them, a number); None: no such baseline."""
    mistakes: ClassVar[Mistakes] = Mistakes()
    """How a report speaks of wrong answers."""

    @classmethod
    def usual(cls, truths: Sequence[Any], names: Sequence[str]) -> Usual | None:
        """The best answer without a model, from training labels (none missing); None where there is no such thing."""
        return None

    @classmethod
    def same(cls, first: Any, second: Any) -> bool:
        """Whether two labels are the same."""
        return bool(first == second)

    def wrong(self, truth: Any, answer: Any, probabilities: Array, names: Sequence[str]) -> Wrong | None:
        """What is wrong about an answer, None where it is right; `probabilities` are [C] in the order of `names`, or [0]."""
        return None if self.same(truth, answer) else Wrong(str(truth), str(answer), 1.0)


class Confident(ABC):
    """Its answers say how sure they are."""

    @abstractmethod
    def tempered(self, probabilities: Array, temperature: float) -> Array | None:
        """Probabilities, float64 [N, C], as they would be were the logits divided by another temperature than now.

        None where answers have no temperature (a field of that name).
        """

    @abstractmethod
    def surprise(self, truths: Sequence[Any], probabilities: Array) -> float:
        """Mean negative log-likelihood, in nats, of labels as `truth` gives them, none missing, under [N, C]."""

    @property
    def may_abstain(self) -> bool:
        """Whether answers are marked that are not sure enough."""
        return False

    def abstains(self, decoded: Decoded) -> bool | None:
        """Whether an answer is less sure than it must be to be given; None where answers are never marked."""
        return None

    @abstractmethod
    def margin(self, before: Decoded, after: Decoded) -> float | None:
        """How far, in probability, an answer was from deciding as another did; None where answers have no probabilities."""


class Filed(ABC):
    """Its answers are files: sounds, pictures, pieces of music. A table of predictions holds their paths."""

    ending: ClassVar[str]
    """Of the files, such as `.wav`."""

    @abstractmethod
    def content(self, answer: Any) -> bytes:
        """The file of an answer."""


class Musical(ABC):
    """Its answers are written music, which can be read, drawn and played."""

    @abstractmethod
    def music(self, answer: Any) -> Any:
        """An answer or a truth as `media.music.tune.Tune`; None where it cannot be read. Of files: `FileAnswer`, or bytes."""

    @abstractmethod
    def true_music(self, value: Any, processor: Any) -> Any:
        """The same of a truth as the table stores it."""

    @abstractmethod
    def notated(self, answer: Any) -> str:
        """The same as people write it, as ABC text; empty where there is no such thing."""

    @abstractmethod
    def faults(self, answer: Any) -> Sequence[str]:
        """Why an answer is no valid music, in words; none where it is."""


class Sounded(Filed):
    """Its answers are sounds, which can be compared with recordings."""

    @abstractmethod
    def recorded(self, value: Any, processor: Any) -> Array | None:
        """The recording of a truth, as a prediction could be at best: float32 [channels, samples]; None where there is none."""

    @abstractmethod
    def rate(self, processor: Any) -> int:
        """Samples a second of both."""


class Generative(ABC):
    """Its answers are sequences of tokens, which a decoder writes: texts, transcripts, music."""

    usual_decoder: ClassVar[str] = "greedy"
    """The decoder where a recipe names none."""

    @abstractmethod
    def ends(self, processor: Any) -> Ends:
        """What ends a sequence, by the tokenizer of this target."""

    @abstractmethod
    def said(self, views: Sequence[Generated], encoded: Encoded, processor: Any) -> Decoded:
        """The answer to a row, from what was written for each of its views, in their order.

        A target of long recordings stitches its transcripts here. `Generated.cut` says where a stop text begins. `score`,
        `ended` and `written` are what columns and servers learn of the writing.
        """

    def begun(self, rows: int, processor: Any) -> dict[str, Array]:
        """What a decoder is given before it writes, [rows, ...]: a prompt that is no part of the answer; nothing by default."""
        return {}

    def goes_on(self, encoded: Encoded, processor: Any) -> str:
        """What of the prompt an answer goes on with, for decoders that are held to a grammar; nothing by default."""
        return ""

    def most_written(self, encoded: Encoded, processor: Any) -> int | None:
        """Tokens beyond which nothing sensible can be written of a view; None where nothing says so."""
        return None

    def frames(self, encoded: Encoded, given: int, processor: Any) -> int:
        """How many of the frames that the network gives, padding included, belong to a view; for CTC."""
        return min(given, int(encoded.get("_frames", encoded["_length"])))


class ByCheckpoint(ABC):
    """What it is depends on the checkpoint: it is settled once that is known."""

    default_loss: ClassVar[str]

    def usual_loss(self) -> dict[str, Any]:
        """Kind and settings of the loss where a recipe names none."""
        return {"kind": self.default_loss}

    @abstractmethod
    def of_checkpoint(self, folder: Path) -> tuple[Any, list[str]]:
        """The target as this checkpoint writes it, which may be of another kind, and what is to be said of it.

        Raises:
            InputError: the checkpoint cannot answer so.
        """


class BeyondFloat16:
    """Networks that answer so hold numbers which float16 does not."""

    not_in_float16: ClassVar[str]
    """Why, in words."""


class OverVocabulary:
    """The network answers with a logit for each token of the checkpoint, by the checkpoint's own head.

    The truth stands in what the input reads: the target's column is the input's.
    """


class Scored(ABC):
    """Its rows are scored, and not answered: how probable the network finds what stands in them. Logits are not kept."""

    @abstractmethod
    def scored(self, truth: Any, nats: float, weight: float) -> Any:
        """What stands in the place of an answer.

        Args:
            truth: of the row, as in the table of predictions.
            nats: loss of the row, summed over its elements.
            weight: sum of the weights of its elements.
        """


class Redrawn(ABC):
    """What is learned of a row is drawn at random: anew in each epoch of training, and the same each time elsewhere."""

    @abstractmethod
    def drawn(self, encoded: Encoded, processor: Any, seed: int | None) -> tuple[Encoded, tuple[Array, Array]]:
        """What the network is shown of the truth, as `Target.given` says it, and truth and weight, as `Target.encode`.

        Args:
            encoded, processor: as in `encode`; the row as the input gave it.
            seed: a pure function of run seed, epoch and row, so that a resumed run sees the same; None: what is fixed.
        """

    def given(self, value: Any, encoded: Encoded, processor: Any) -> Encoded:
        """What is fixed."""
        return self.drawn(encoded, processor, None)[0]

    def encode(self, value: Any, encoded: Encoded, processor: Any) -> tuple[Array, Array]:
        """What is fixed."""
        return self.drawn(encoded, processor, None)[1]


class Divided(ABC):
    """Its truth may be longer than what a network answers at once: a row becomes several, each with a part of it."""

    @abstractmethod
    def unfolding(self, processor: Any, folder: Path, cache: Path | None) -> Unfolding:
        """How rows become what they become, in the target's column; `said` tells what was left out.

        Args:
            processor: what the run encodes with, whole.
            folder: of the table, which paths are relative to where the target names no other.
            cache: folder for what takes long to compute; None: nothing is kept.
        """


class Veiled(ABC):
    """What the input says is sometimes hidden from the network while it learns, so that it can also answer without it."""

    @abstractmethod
    def veiled(self, given: Encoded, seed: int) -> Encoded:
        """What `Taught.given` gave of a row, as training sees it.

        Args:
            given: of the row.
            seed: a pure function of run seed, epoch and row, so that a resumed run sees the same.
        """


class Standalone(ABC):
    """A few lines without burnish turn its logits into an answer: they stand in the program beside an exported graph."""

    @abstractmethod
    def program(self) -> str:
        """The lines from `logits` and `settings` to the answer, printed as JSON."""
