"""Parts of a recipe that are on no axis, and what stands where a recipe names nothing."""

from __future__ import annotations

from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from burnish.core.component import build
from burnish.recipe.imbalance import WAYS
from burnish.trackers import Tracker

IMBALANCE = (
    f"One way with rare classes, written out into other fields: {', '.join(WAYS)}; auto: compared on validation."
)
THRESHOLDS = (
    "From when on a label is predicted, learned from validation by a score or by costs: of several labels a threshold each, of "
    "one label a weight each; prior: by how common labels are (logit adjustment)."
)
FOLDS = (
    "Train so many networks, each without another part of the rows for training and validation; the model is all of them, the mean "
    "of their logits. Null: one network."
)
LONG = (
    "What becomes of examples that are longer than the network reads at once, written into the input: truncate, slide, "
    "hierarchical or context for texts, tiles for pictures; auto: compared on validation. Null: their beginning is read."
)
COSTS = (
    "What wrong predictions cost: {truth: {prediction: cost}}, of several labels {label: {missed: cost, false_alarm: cost}}. "
    "The cheapest by the probabilities is predicted, or with thresholds: cost by validation."
)
LISTENING = "Of predictions that are sounds: samples to hear, and what they are compared by."
AUGMENTATION = "How training examples are changed at random; null: not at all."
RESAMPLER = "Where only the head learns: training rows made or left out in the space of frozen features; null: none."
AVERAGING = (
    "Validate, choose and bundle an average of weights; a number is the decay of ema; null: the weights themselves."
)
SAMPLER = "Which examples an epoch visits, in which order; null: length_bucketed for texts, else shuffled."
PAGE_ROWS = (
    "Most examples of the data shown in report.html, the worst mistakes first; 0: none, for data that is private."
)
EXPLAINED = "Worst mistakes whose words are underlined in report.html by their effect; one prediction for each word."
PRIOR_STRENGTH = "With thresholds: prior, how much of the log frequency is taken away; null: learned from validation."
CORRECTION = (
    "Whether probabilities are corrected for what class weights, samplers and losses made of how common labels are; "
    "predictions stay as they are."
)
Thresholds = Literal["given", "f1", "balanced_accuracy", "accuracy", "matthews", "cost", "prior"]


class EarlyStopping(BaseModel):
    """When to stop before the last step."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    patience: int = Field(3, ge=1, description="Validations without improvement before the run stops.")
    minimum_change: float = Field(0.0, ge=0, description="Smallest gain in the deciding metric that counts.")


def default(axis: str, kind: str) -> Any:
    """What makes the component that stands where none is named."""
    return lambda: build(axis, {"kind": kind})


def console() -> list[Tracker]:
    """Where events go unless a recipe says otherwise."""
    return [cast(Tracker, build("burnish.trackers", "console"))]
