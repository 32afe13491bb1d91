"""Any number of labels a row."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from burnish.core.batch import Array, Encoded
from burnish.core.errors import InputError
from burnish.core.joining import joined
from burnish.core.names import TINY, looks_like_tags, most_common, named, sigmoid, single, unknown_name
from burnish.core.processor import Processor
from burnish.core.written_lists import are_written_lists
from burnish.targets import Classes, Confident, Decoded, Judged, Mistakes, Outcome, Recognised, Standalone, Usual, Wrong
from burnish.targets._deciding import ByName
from burnish.targets._label_calibrators import LabelsCalibrator, log_odds
from burnish.targets._label_cells import read_numbers, read_separator, refuse_torn_brackets, split_cell
from burnish.targets._named import Labelled
from burnish.targets._probable import UNCALIBRATED
from burnish.targets._programs import LABELS
from burnish.targets._writing import LISTS, NUMBERS, Numbers, bracketed, names_of, said_lists, written_as_lists

if TYPE_CHECKING:
    import pyarrow as pa


class Labels(Labelled, Judged, Confident, Recognised, Standalone):
    """Any number of labels for each example, each decided on its own."""

    recognition_order: ClassVar[int] = -2
    default_loss: ClassVar[str] = "binary_cross_entropy"
    decides: ClassVar[str] = "macro_f1"
    headline: ClassVar[tuple[str, ...]] = ("f1", "subset_accuracy", "hamming_loss", "label_ranking", "roc_auc")
    classes: ClassVar[Classes] = Classes("Labels", "label")
    linear: ClassVar[Literal["sets"]] = "sets"
    mistakes: ClassVar[Mistakes] = Mistakes("Most confident mistakes", "confidence in the worst label")
    problem: ClassVar[str] = "multi_label_classification"
    column: str = Field("labels", description="Label column.")
    separator: str = Field("|", min_length=1, description="Between the labels where a cell is one string.")
    lists_as_text: bool | None = Field(None, description=LISTS)
    numbers: Numbers | None = Field(None, description=NUMBERS)
    empty_is_none: bool = Field(
        False, description="Whether an empty cell means 'no label applies' instead of 'missing'."
    )
    threshold: float = Field(0.5, gt=0, lt=1, description="A label is given when its probability is at least this.")
    own_thresholds: Annotated[dict[str, float], BeforeValidator(named)] = Field(
        default_factory=dict, description="Thresholds of single labels instead of `threshold`; see `thresholds`."
    )
    temperature: float = Field(
        1.0, gt=0, description="What logits are divided by before they become probabilities; see `calibration`."
    )
    offsets: ByName = Field(
        default_factory=dict,
        description="Added to the logits of labels before the temperature; see `prior_correction`.",
    )
    calibrator: LabelsCalibrator | None = Field(
        None, description="What probabilities become after the temperature: of each label alone; see `calibration`."
    )
    joining: Literal["mean", "max", "noisy_or"] = Field(
        "mean",
        description="How logits of an example's views (windows of a recording) become one: mean; where one view decides "
        "max, or noisy_or (at least one has it).",
    )

    def recognises(self, values: Sequence[Any]) -> bool:
        """Lists of strings that are no tags, or strings with the separator in some of them."""
        known = [v for v in values if v is not None]
        if not known or any(looks_like_tags(v) for v in known):
            return False
        if all(isinstance(v, list) for v in known):
            return True
        texts = all(isinstance(v, str) for v in known)
        return texts and (any(self.separator in v for v in known) or are_written_lists(known))

    def settled(self, values: Sequence[Any], *, inferred: bool = False) -> tuple[Labels, list[str]]:
        """With lists written as text read as lists, and numbers as positions or multi-hot vectors where names are given.

        Raises:
            InputError: multi-hot vectors without names, another separator than the cells hold, or unreadable lists.
        """
        settled, said = self, []
        if self.lists_as_text is None and written_as_lists(values, self.column, self.kind()):
            settled = self.model_copy(update={"lists_as_text": True})
            said.append(said_lists(self.column))
        elif self.lists_as_text is None and (name := next((v for v in values if bracketed(v)), None)) is not None:
            refuse_torn_brackets(values, self)
            said.append(f"the brackets of {name!r} in column {self.column!r} are kept as part of the label's name")
        numbers, more = read_numbers(values, settled)
        settled = settled if numbers is None else settled.model_copy(update={"numbers": numbers})
        return settled, [*said, *more, *read_separator(values, settled)]

    def truth(self, value: Any) -> list[str] | None:
        """The labels of a row, sorted; None where the cell is missing."""
        if value is None:
            return None
        parts, decided = split_cell(value, self)
        decided = decided or (self.numbers == "multi_hot" and len(parts) > 1)
        names = sorted(names_of(parts, self.labels, self.numbers))
        # In a table of text, an empty cell is more often a gap than a decision that nothing applies.
        return names if names or self.empty_is_none or decided else None

    def learned(self, values: Iterable[Any]) -> Labels:
        """The names that occur, sorted; given names are kept as they are."""
        if self.labels:
            return self
        names = sorted({n for v in values for n in self.truth(self._plain(v)) or []})
        if not names:
            raise InputError(f"column {self.column!r} holds no label in the training split", fix="name another target")
        return self.model_copy(update={"labels": names})

    def _plain(self, value: Any) -> Any:
        for one in value if isinstance(value, list | tuple) else (value,):
            single(one, self.column)
        return value

    def problem_with(self, value: Any) -> str:
        """Missing, or a name that is not among the learned ones."""
        names = self.truth(value)
        if names is None:
            return "no label"
        strange = [n for n in names if n not in self.labels]
        return unknown_name(strange[0], self.names) if strange else ""

    def encode(self, value: Any, encoded: Encoded, processor: Processor) -> tuple[Array, Array]:
        """float32 [C] of zeros and ones, and float32 [C] weights, all 0 where the truth is missing."""
        names = self.truth(value)
        given = set(names or ())
        target = np.array([n in given for n in self.labels], np.float32)
        return target, np.full(len(self.labels), float(names is not None), np.float32)

    def collate(self, pairs: Sequence[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
        """[B, C] and [B, C]."""
        return np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs])

    def strata(self, value: Any) -> str | None:
        """The first label in alphabetical order: enough to keep the mix, and defined for every row."""
        names = self.truth(value)
        return None if names is None else (names[0] if names else "")

    def counts(self, values: Iterable[Any]) -> Mapping[str, int]:
        """In how many rows each label occurs."""
        return Counter(n for v in values for n in self.truth(v) or [])

    def prior(self, values: Iterable[Any]) -> Array | None:
        """The log-odds of each label among rows with a truth, with half a row more on both sides."""
        rows = [names for names in map(self.truth, values) if names is not None]
        counts = Counter(name for names in rows for name in names)
        given = np.array([counts[name] for name in self.labels], np.float64)
        return np.log((given + 0.5) / (len(rows) - given + 0.5)).astype(np.float32)

    def joined(self, views: Array) -> Array:
        """As `joining` says."""
        return joined(views, self.joining)

    def decode(self, logits: Array, encoded: Sequence[Encoded]) -> list[Decoded]:
        """All labels at or above their threshold; logits [B, C]."""
        logits = logits.astype(np.float64)
        if self.offsets:
            logits = logits + np.array([self.offsets.get(name, 0.0) for name in self.labels])
        probabilities = sigmoid(logits / self.temperature)
        if self.calibrator is None:
            return [Decoded(self.above(p), p.astype(np.float32)) for p in probabilities]
        shares = self.calibrator(probabilities, self.labels)
        return [
            Decoded(self.above(p), p.astype(np.float32), uncalibrated=before)
            for p, before in zip(shares, probabilities, strict=True)
        ]

    def above(self, probabilities: Array) -> list[str]:
        """The labels of a row [C] at or above their threshold."""
        return [name for name, p in zip(self.labels, probabilities, strict=True) if p >= self.least(name)]

    def columns(self) -> tuple[str, ...]:
        """Of calibrated answers, what their log loss was without."""
        return super().columns() if self.calibrator is None else (UNCALIBRATED,)

    def measures(self, outcome: Outcome) -> Sequence[float]:
        """Not a number for answers of baselines and rows without truth."""
        if UNCALIBRATED not in self.columns():
            return super().measures(outcome)
        before = outcome.decoded.uncalibrated
        known = before is not None and outcome.truth is not None
        return (self.surprise([outcome.truth], np.asarray(before)[None]) if known else math.nan,)

    def least(self, name: str) -> float:
        """The probability from which on a label is given."""
        return self.own_thresholds.get(name, self.threshold)

    def margin(self, before: Decoded, after: Decoded) -> float | None:
        """Of the labels that only one of them gives, the farthest from its own threshold."""
        if not len(before.probabilities):
            return None
        probabilities = dict(zip(self.labels, map(float, before.probabilities), strict=True))
        changed = set(before.answer) ^ set(after.answer)
        return max((abs(probabilities[name] - self.least(name)) for name in changed), default=0.0)

    def tempered(self, probabilities: Array, temperature: float) -> Array | None:
        """The sigmoid of other logits; None where they were calibrated otherwise as well."""
        if self.calibrator is not None:
            return None
        return sigmoid(log_odds(probabilities) * (self.temperature / temperature))

    def surprise(self, truths: Sequence[Any], probabilities: Array) -> float:
        """Mean over labels as well: each is a decision of its own."""
        true = np.array([[name in row for name in self.labels] for row in map(set, truths)], bool)
        given = np.where(true, probabilities, 1 - probabilities) if len(true) else np.ones(1)
        return float(-np.log(np.maximum(given, TINY)).mean())

    def arrow_type(self) -> pa.DataType:
        """A list of strings."""
        import pyarrow as pa

        return pa.list_(pa.string())

    def program(self) -> str:
        """As `decode`."""
        lines = self.calibrator.program if self.calibrator is not None else ""
        return LABELS.replace("probabilities = ", f"{lines}probabilities = ", 1)

    @classmethod
    def usual(cls, truths: Sequence[Any], names: Sequence[str]) -> Usual:
        """The labels more than half of the rows have, or where there are none the most common label set."""
        seen = Counter(name for row in truths for name in set(row))
        answer = sorted(name for name, count in seen.items() if 2 * count > len(truths))
        answer = answer or sorted(most_common(tuple(sorted(set(row))) for row in truths))
        note = "always " + (", ".join(answer) if answer else "no label")
        return Usual(answer, note, {name: count / len(truths) for name, count in seen.items()})

    @classmethod
    def mentioned(cls, truth: Any) -> Sequence[str]:
        """The labels of the row."""
        return [str(name) for name in truth]

    @classmethod
    def same(cls, first: Any, second: Any) -> bool:
        """Whether both have the same labels, in any order."""
        return set(first) == set(second)

    @classmethod
    def wrong(cls, truth: Any, answer: Any, probabilities: Array, names: Sequence[str]) -> Wrong | None:
        """Missing labels and labels too many, by the probability of the surest wrong decision."""
        odd = set(truth) ^ set(answer)
        if not odd:
            return None
        sizes = [1.0]  # a true label without a name: certainly not answered
        if len(probabilities):
            of = dict(zip(names, probabilities, strict=True))
            sizes = [of.get(n, 0.0) if n in answer else 1 - of.get(n, 0.0) for n in odd]
        return Wrong(_listed(truth), _listed(answer), float(np.nan_to_num(max(sizes))))


def _listed(names: Iterable[Any]) -> str:
    return ", ".join(sorted(map(str, names))) or "(none)"
