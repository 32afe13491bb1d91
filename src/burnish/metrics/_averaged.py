"""What precision, recall and F1 have in common: an average over classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from burnish.core.errors import nearest
from burnish.core.names import text
from burnish.core.predictions import Predictions
from burnish.counting.classes import Average, Which, averaged, class_names, class_sums, positive_name
from burnish.counting.resampling import Counts, Values
from burnish.metrics import CountedMetric


def _class_name(value: Any) -> Any:
    """YAML reads `positive: 1` as a number and `true` as a truth value; class names are text."""
    return text(value) if isinstance(value, bool | int | float) else value


AVERAGES: tuple[Mapping[str, Any], ...] = tuple({"average": average} for average in ("macro", "weighted", "micro"))
Positive = Annotated[str | None, BeforeValidator(_class_name)]


def problem_with_positive(average: Average, positive: str | None, classes: Sequence[str], named: bool) -> str:
    """What is wrong about the one class of a binary metric, in words.

    Args:
        average, positive: settings of the metric.
        classes: of the target.
        named: whether the class must be named where there are two.
    """
    if average != "binary":
        return "" if positive is None else f"positive is {positive!r}, but average is {average!r}: say average: binary"
    if positive is None:
        return (
            "" if len(classes) == 2 and not named else "average is binary, but no class is named: say positive: CLASS"
        )
    if positive in classes:
        return ""
    guess = nearest(positive, classes)
    return f"class {positive!r} is not there" + (f"; did you mean {guess!r}?" if guess else "")


class AveragedMetric(CountedMetric):
    """Precision, recall or F1 over classes or labels."""

    targets: ClassVar[tuple[str, ...]] = ("label", "labels")
    which: ClassVar[Which]
    variants: ClassVar[tuple[Mapping[str, Any], ...]] = AVERAGES
    average: Average = Field(
        "macro",
        description="macro: mean over classes; weighted: by their examples; micro: all decisions pooled; binary: one class.",
    )
    positive: Positive = Field(None, description="The class of `average: binary`; null: the second of two labels.")

    @property
    def label(self) -> str:
        """Such as `macro_f1`, or `f1_spam` for the one class named."""
        if self.average == "binary":
            return f"{self.which}_{self.positive}" if self.positive is not None else f"binary_{self.which}"
        return f"{self.average}_{self.which}"

    def problem_with(self, classes: Sequence[str]) -> str:
        """A class that is not there would make it undefined at every validation."""
        return problem_with_positive(self.average, self.positive, classes, False)

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """From true positives, labels and predictions of each class."""
        positive = positive_name(known.names, self.positive)
        return averaged(class_sums(known, counts), self.which, self.average, class_names(known), positive)


class SpanMetric(CountedMetric):
    """Precision, recall or F1 over entities: right are those whose type, first and last word are right."""

    targets: ClassVar[tuple[str, ...]] = ("tags",)
    which: ClassVar[Which]
    variants: ClassVar[tuple[Mapping[str, Any], ...]] = AVERAGES
    average: Average = Field(
        "micro",
        description="micro: all entities pooled; macro: mean over entity types; weighted: by their entities; "
        "binary: one type.",
    )
    positive: Positive = Field(None, description="The entity type of `average: binary`.")

    @property
    def label(self) -> str:
        """`span_f1` for the usual pooled one, else such as `macro_span_f1` or `span_f1_person`."""
        if self.average == "binary":
            return f"span_{self.which}_{self.positive}"
        return f"span_{self.which}" if self.average == "micro" else f"{self.average}_span_{self.which}"

    def problem_with(self, classes: Sequence[str]) -> str:
        """An entity type that is not there would make it undefined at every validation."""
        return problem_with_positive(self.average, self.positive, classes, True)

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """From right, true and answered entities of each type."""
        return averaged(class_sums(known, counts), self.which, self.average, class_names(known), self.positive)
