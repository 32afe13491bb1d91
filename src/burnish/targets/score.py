"""One number a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.core.batch import Array, Encoded
from burnish.core.errors import InputError
from burnish.core.joining import joined
from burnish.core.names import as_number, looks_like_codes, looks_like_score, text
from burnish.core.processor import Processor
from burnish.targets import Decoded, Judged, Mistakes, Recognised, Standalone, Target, Usual, Wrong
from burnish.targets._covering import INTERVAL, Covering, Method, PredictionInterval
from burnish.targets._programs import SCORE

if TYPE_CHECKING:
    import pyarrow as pa


class Score(Target, Judged, Covering, Recognised, Standalone):
    """One number for each example: regression, learned in units of the training split's standard deviation."""

    recognition_order: ClassVar[int] = -1
    default_loss: ClassVar[str] = "squared_error"
    decides: ClassVar[str] = "pearson"
    headline: ClassVar[tuple[str, ...]] = ("pearson", "spearman", "rmse", "mae", "r2")
    linear: ClassVar[Literal["numbers"]] = "numbers"
    mistakes: ClassVar[Mistakes] = Mistakes("Largest errors", "error", truth="value", signed=True)
    problem: ClassVar[str] = "regression"
    column: str = Field("score", description="Label column.")
    mean: float | None = Field(None, description="Subtracted before training; null: learned from the training split.")
    scale: float | None = Field(
        None, gt=0, description="Divided by before training; null: learned from the training split."
    )
    interval: PredictionInterval | None = Field(
        None, description="The interval around a prediction; null: it has none; see `conformal`."
    )
    joining: Literal["mean", "max"] = Field(
        "mean",
        description="How logits of an example's views (windows of a recording) become one: mean; max where one view decides.",
    )

    @property
    def outputs(self) -> int:
        """One logit."""
        return 1

    def recognises(self, values: Sequence[Any]) -> bool:
        """Numbers, too many or too finely graded to be classes."""
        return looks_like_score(list(values)) and not looks_like_codes(list(values), self.column)

    def settled(self, values: Sequence[Any], *, inferred: bool = False) -> tuple[Score, list[str]]:
        """Says of whole numbers that they could be classes as well."""
        numbers = [n for n in map(as_number, values) if n is not None]
        if not inferred or not numbers or not all(n.is_integer() for n in numbers):
            return self, []
        classes = f"target={{kind: label, column: {self.column}}}"
        return self, [f"{len(set(numbers)):,} different whole numbers are read as amounts; for classes: {classes}"]

    def learned(self, values: Iterable[Any]) -> Score:
        """Mean and standard deviation of the training values; given ones are kept."""
        if self.mean is not None and self.scale is not None:
            return self
        numbers = np.array([n for n in map(as_number, values) if n is not None])
        if len(numbers) == 0:
            raise InputError(f"column {self.column!r} holds no number in the training split", fix="name another target")
        if numbers.min() == numbers.max():  # the deviation of equal numbers may round to a little more than 0
            raise InputError(
                f"column {self.column!r} holds one value only: {numbers[0]:g}", expected="numbers that differ"
            )
        mean = self.mean if self.mean is not None else float(numbers.mean())
        scale = self.scale if self.scale is not None else float(numbers.std())
        return self.model_copy(update={"mean": mean, "scale": scale})

    def problem_with(self, value: Any) -> str:
        """Missing, or not a finite number."""
        if as_number(value) is not None:
            return ""
        return "no value" if text(value) is None else f"{value!r} is not a finite number"

    def encode(self, value: Any, encoded: Encoded, processor: Processor) -> tuple[Array, Array]:
        """float32 [] in standard deviations from the mean, and float32 [] weight."""
        number = as_number(value)
        if number is None:
            return np.array(0.0, np.float32), np.array(0.0, np.float32)
        return np.array((number - (self.mean or 0.0)) / (self.scale or 1.0), np.float32), np.array(1.0, np.float32)

    def collate(self, pairs: Sequence[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
        """[B] and [B]."""
        return np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs])

    def strata(self, value: Any) -> str | None:
        """None: numbers have no classes to preserve."""
        return None

    def joined(self, views: Array) -> Array:
        """As `joining` says."""
        return joined(views, self.joining)

    def decode(self, logits: Array, encoded: Sequence[Encoded]) -> list[Decoded]:
        """The number in the units of the data; logits [B, 1] or [B]."""
        values = logits.reshape(-1).astype(np.float64) * (self.scale or 1.0) + (self.mean or 0.0)
        return [Decoded(float(v), np.zeros(0, np.float32)) for v in values]

    @property
    def region_columns(self) -> tuple[str, ...]:
        """Both ends, where the width is known."""
        return () if self.interval is None else INTERVAL

    def region(self, decoded: Decoded) -> dict[str, Any]:
        """The prediction less and plus half the width."""
        if self.interval is None:
            return {}
        half = self.interval.half_width
        return dict(zip(INTERVAL, (decoded.answer - half, decoded.answer + half), strict=True))

    def nonconformity(
        self, method: Method, truths: Sequence[Any], answers: Sequence[Any], probabilities: Array
    ) -> NDArray[np.float64]:
        """How far the prediction is from the truth, in units of the data."""
        return np.abs(np.asarray(truths, np.float64) - np.asarray(answers, np.float64))

    def covering(self, coverage: float, method: Method, limit: float | None, limits: Mapping[str, float]) -> Score:
        """With intervals as wide as the limit on both sides."""
        assert limit is not None
        return self.model_copy(update={"interval": PredictionInterval(coverage=coverage, half_width=limit)})

    def reached(
        self, truths: Sequence[Any], answers: Sequence[Any], probabilities: Array
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Whether the truth lies in the interval, and how wide that is."""
        assert self.interval is not None
        half = self.interval.half_width
        return self.nonconformity("lac", truths, answers, probabilities) <= half, np.full(len(truths), 2 * half)

    def truth(self, value: Any) -> float | None:
        """The number."""
        return as_number(value)

    def arrow_type(self) -> pa.DataType:
        """A double."""
        import pyarrow as pa

        return pa.float64()

    def program(self) -> str:
        """As `decode`."""
        return SCORE

    @classmethod
    def usual(cls, truths: Sequence[Any], names: Sequence[str]) -> Usual:
        """The mean."""
        mean = float(np.mean(np.array(truths, np.float64)))
        return Usual(mean, f"always the mean of the training split, {mean:.4g}")

    @classmethod
    def wrong(cls, truth: Any, answer: Any, probabilities: Array, names: Sequence[str]) -> Wrong | None:
        """Any other number, by answer minus truth."""
        if truth == answer:
            return None
        return Wrong(f"{truth:.4g}", f"{answer:.4g}", float(answer - truth) if np.isfinite(answer - truth) else np.inf)
