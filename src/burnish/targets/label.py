"""One label a row."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from burnish.core.answer import sure_enough
from burnish.core.batch import Array, Encoded
from burnish.core.errors import InputError
from burnish.core.joining import joined
from burnish.core.names import (
    TINY,
    looks_like_codes,
    looks_like_score,
    looks_like_tags,
    most_common,
    single,
    softmax,
    text,
    unknown_name,
)
from burnish.core.processor import Processor
from burnish.targets import Classes, Confident, Decoded, Judged, Mistakes, Recognised, Standalone, Usual, Wrong
from burnish.targets._deciding import ByName, Costs, lead, votes
from burnish.targets._label_cells import refuse_numbers_of_words, refuse_vectors, said_of_cells
from burnish.targets._probable import Probable
from burnish.targets._programs import LABEL
from burnish.targets._writing import name_at, named, refuse_written_list, require_positions, said_positions, whole

if TYPE_CHECKING:
    import pyarrow as pa


class Label(Probable, Judged, Confident, Recognised, Standalone):
    """One label for each example, out of two or more."""

    default_loss: ClassVar[str] = "cross_entropy"
    decides: ClassVar[str] = "macro_f1"
    headline: ClassVar[tuple[str, ...]] = ("accuracy", "f1", "balanced_accuracy", "matthews", "roc_auc", "log_loss")
    classes: ClassVar[Classes] = Classes()
    exclusive: ClassVar[bool] = True
    linear: ClassVar[Literal["names"]] = "names"
    mistakes: ClassVar[Mistakes] = Mistakes("Most confident mistakes", "confidence")
    problem: ClassVar[str] = "single_label_classification"
    numbers: Literal["names", "positions"] | None = Field(
        None,
        description="What numbers in the column are: names themselves, or positions in `labels`, counted from 0. "
        "Null: inferred and logged.",
    )
    temperature: float = Field(
        1.0, gt=0, description="What logits are divided by before they become probabilities; see `calibration`."
    )
    abstain_below: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Predictions less probable than this are marked as abstained (1: all); see `abstention`.",
    )
    offsets: ByName = Field(
        default_factory=dict,
        description="Added to the logits of labels before the temperature; see `prior_correction`.",
    )
    decision_weights: ByName = Field(
        default_factory=dict,
        description="The label with the largest probability times its weight is predicted; see `thresholds`.",
    )
    costs: Costs = Field(
        default_factory=dict,
        description="By true label, what each prediction costs: the cheapest on average is made; see `costs` of a recipe.",
    )
    joining: Literal["mean", "max"] = Field(
        "mean",
        description="How logits of an example's views (windows of a recording) become one: mean; max where one view decides.",
    )

    def recognises(self, values: Sequence[Any]) -> bool:
        """Plain values, neither lists nor tags nor finely graded numbers, that repeat."""
        known = [v for v in values if text(v) is not None]
        if not known or any(isinstance(v, list | dict) for v in known):
            return False
        if looks_like_score(known) and not looks_like_codes(known, self.column):
            return False
        if any(looks_like_tags(v) and " " in str(v) for v in known) or any("|" in str(v) for v in known):
            return False
        return len({text(v) for v in known}) <= max(2, len(known) // 2)

    def settled(self, values: Sequence[Any], *, inferred: bool = False) -> tuple[Label, list[str]]:
        """With numbers as positions where names are given; refuses lists written as text, and warns of several labels.

        Raises:
            InputError: a list or a vector written as text, or a number that is no position of a name.
        """
        known = [v for v in values if text(v) is not None and not isinstance(v, list | dict)]
        texts = [v for v in known if isinstance(v, str)]
        refuse_written_list(texts, self.labels, self.column)
        if not self.labels and len(texts) == len(known):
            refuse_vectors(texts, self.column)
            if inferred:
                refuse_numbers_of_words(texts, self.column)
        said = said_of_cells(known, texts, self.column) if inferred else []
        if self.numbers is not None or not known or not named(self.labels) or any(whole(v) is None for v in known):
            return self, said
        require_positions([known], self.labels, self.column)
        return self.model_copy(update={"numbers": "positions"}), [*said, said_positions(self.column, self.labels)]

    def name_of(self, value: Any) -> str | None:
        """The label of a cell; None where it is missing."""
        return name_at(value, self.labels) if self.numbers == "positions" else text(value)

    def learned(self, values: Iterable[Any]) -> Label:
        """The names that occur, sorted; given names are kept as they are."""
        several = "for several labels a row, say `kind: labels`"
        known = (text(single(value, self.column, several)) for value in values)
        names = self.labels or sorted({name for name in known if name is not None})
        if not names:
            raise InputError(f"column {self.column!r} holds no label in the training split", fix="name another target")
        if len(names) == 1:
            raise InputError(
                f"column {self.column!r} holds one label only: {names[0]!r}",
                expected="two or more different labels in the training split",
                fix="name another target column, or add rows of another class; knowingly: name all labels (`target.labels`) "
                "and say `allow: [one_class]`",
            )
        return self if self.labels else self.model_copy(update={"labels": names})

    def problem_with(self, value: Any) -> str:
        """Missing, or not among the learned names."""
        name = self.name_of(value)
        if name is None:
            return "no label"
        return "" if name in self.labels else unknown_name(name, self.names)

    def encode(self, value: Any, encoded: Encoded, processor: Processor) -> tuple[Array, Array]:
        """int64 [] class number and float32 [] weight."""
        number = self._numbers.get(self.name_of(value) or "")
        return np.array(number or 0, np.int64), np.array(number is not None, np.float32)

    def collate(self, pairs: Sequence[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
        """[B] and [B]."""
        return np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs])

    def strata(self, value: Any) -> str | None:
        """The label itself."""
        return self.name_of(value)

    def counts(self, values: Iterable[Any]) -> Mapping[str, int]:
        """How often each label occurs."""
        return Counter(t for t in map(self.name_of, values) if t is not None)

    def joined(self, views: Array) -> Array:
        """As `joining` says."""
        return joined(views, self.joining)

    def decode(self, logits: Array, encoded: Sequence[Encoded]) -> list[Decoded]:
        """The most probable label of each row, or the one that weights or costs speak for; logits [B, C]."""
        logits = logits.astype(np.float64)
        if self.offsets:
            logits = logits + np.array([self.offsets.get(name, 0.0) for name in self.labels])
        probabilities = softmax(logits / self.temperature)
        if self.calibrator is not None:
            return self.calibrated(probabilities)
        best = self.votes(probabilities).argmax(axis=-1)
        return [Decoded(self.labels[b], p.astype(np.float32)) for b, p in zip(best, probabilities, strict=True)]

    def votes(self, probabilities: Array) -> Array:
        """[..., C] what speaks for each label: its probability, unless weights or costs decide."""
        return votes(probabilities, self.labels, self.decision_weights, self.costs)

    def margin(self, before: Decoded, after: Decoded) -> float | None:
        """To the other label, and to `abstain_below` where one of them is given and the other is not."""
        probabilities = before.probabilities
        if not len(probabilities):
            return None
        distances = [0.0]
        if before.answer != after.answer:
            spoken = self.votes(np.asarray(probabilities))
            first, second = self._numbers[before.answer], self._numbers[after.answer]
            distances.append(
                lead(spoken, first, second)
                if self.decision_weights or self.costs
                else float(probabilities[first] - probabilities[second])
            )
        if self.abstain_below is not None and self.abstains(before) != self.abstains(after):
            distances.append(abs(self._sure(before) - self.abstain_below))
        return max(distances)

    def tempered(self, probabilities: Array, temperature: float) -> Array | None:
        """The softmax of other logits; None where they were calibrated otherwise as well."""
        if self.calibrator is not None:
            return None
        return softmax(np.log(np.maximum(probabilities, TINY)) * (self.temperature / temperature))

    def surprise(self, truths: Sequence[Any], probabilities: Array) -> float:
        """Of the true label; labels that are none of the classes are left out."""
        known = [(row, self._numbers[t]) for row, t in enumerate(truths) if t in self._numbers]
        rows, numbers = np.array(known, np.int64).reshape(-1, 2).T
        return float(-np.log(np.maximum(probabilities[rows, numbers], TINY)).mean()) if len(rows) else 0.0

    @property
    def may_abstain(self) -> bool:
        """Where `abstain_below` is set."""
        return self.abstain_below is not None

    def abstains(self, decoded: Decoded) -> bool | None:
        """Where the label that is given is less probable than `abstain_below`."""
        below = self.abstain_below
        return None if below is None else not sure_enough(self._sure(decoded), below)

    def _sure(self, decoded: Decoded) -> float:
        return float(decoded.probabilities[self._numbers[decoded.answer]])

    def truth(self, value: Any) -> str | None:
        """The label as text."""
        return self.name_of(value)

    def arrow_type(self) -> pa.DataType:
        """A string."""
        import pyarrow as pa

        return pa.string()

    def program(self) -> str:
        """As `decode`."""
        lines = self.calibrator.program if self.calibrator is not None else ""
        return LABEL.replace("votes = ", f"{lines}votes = ", 1)

    @classmethod
    def usual(cls, truths: Sequence[Any], names: Sequence[str]) -> Usual:
        """The most common label, with the frequencies as probabilities."""
        seen = Counter(map(str, truths))
        answer = most_common(map(str, truths))
        note = f"always {answer}, the most common label of the training split ({seen[answer]:,} of {len(truths):,} examples)"
        return Usual(answer, note, {name: count / len(truths) for name, count in seen.items()})

    @classmethod
    def mentioned(cls, truth: Any) -> Sequence[str]:
        """The label."""
        return (str(truth),)

    @classmethod
    def wrong(cls, truth: Any, answer: Any, probabilities: Array, names: Sequence[str]) -> Wrong | None:
        """Another label, by the probability that was given to it."""
        if str(truth) == str(answer):
            return None
        size = 0.0
        if len(probabilities):
            size = float(probabilities[list(names).index(answer)] if answer in names else probabilities.max())
        return Wrong(str(truth), str(answer), size if math.isfinite(size) else 0.0)
