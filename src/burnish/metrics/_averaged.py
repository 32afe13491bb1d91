"""What precision, recall and F1 have in common: an average over classes."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from burnish.core.predictions import Predictions
from burnish.metrics._classes import Average, Which, averaged, class_names, class_sums, positive_name
from burnish.metrics._resampling import CountedMetric, Counts, Values


class AveragedMetric(CountedMetric):
    """Precision, recall or F1 over classes or labels."""

    targets: ClassVar[tuple[str, ...]] = ("label", "labels")
    which: ClassVar[Which]
    average: Average = Field(
        "macro",
        description="macro: mean over classes; weighted: by their rows; micro: all decisions pooled; binary: one class.",
    )
    positive: str | None = Field(None, description="The class of `average: binary`; null: the second of two labels.")

    @property
    def label(self) -> str:
        """Such as `macro_f1`, or `f1_spam` for the one class named."""
        if self.average == "binary":
            return f"{self.which}_{self.positive}" if self.positive is not None else f"binary_{self.which}"
        return f"{self.average}_{self.which}"

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """From true positives, truths and answers of each class."""
        positive = positive_name(known.names, self.positive)
        return averaged(class_sums(known, counts), self.which, self.average, class_names(known), positive)


class SpanMetric(CountedMetric):
    """Precision, recall or F1 over entities: right are those whose type, first and last word are right."""

    targets: ClassVar[tuple[str, ...]] = ("tags",)
    which: ClassVar[Which]
    average: Average = Field(
        "micro",
        description="micro: all entities pooled; macro: mean over entity types; weighted: by their entities; "
        "binary: one type.",
    )
    positive: str | None = Field(None, description="The entity type of `average: binary`.")

    @property
    def label(self) -> str:
        """`span_f1` for the usual pooled one, else such as `macro_span_f1` or `span_f1_person`."""
        if self.average == "binary":
            return f"span_{self.which}_{self.positive}"
        return f"span_{self.which}" if self.average == "micro" else f"{self.average}_span_{self.which}"

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """From right, true and answered entities of each type."""
        return averaged(class_sums(known, counts), self.which, self.average, class_names(known), self.positive)
