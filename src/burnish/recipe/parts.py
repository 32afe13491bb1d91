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
MIXING = "How two training examples become one with both labels (mixup, CutMix); null: not at all."
DECODER = "How what the network gives becomes predictions; null: one_pass, or the target's own."
RESAMPLER = "Where only the head learns: training rows made or left out in the space of frozen features; null: none."
LEARNING_RATE = "Peak learning rate; null: the default for network kind, size and adapter, logged."
LAYER_DECAY = (
    "Each layer further from the head learns this much slower; null: what goes with the default "
    "learning_rate, and 1 where one is named."
)
EPOCHS = "Passes over the training data, also a fraction; null: 3, more on small data, fewer on large, logged."
PRECISION = (
    "What forward and backward compute in; auto: bfloat16 on GPUs that have it and CPUs on which it is tried "
    "and clearly faster, else float32."
)
DECODED_CACHE = "Most MiB of decoded pictures and sounds that stay in memory between epochs; 0: none are kept."
CACHE_FEATURES = (
    "Where only the head is trained, the frozen part sees each example once, in eval mode; auto: where possible."
)
ABSTENTION = "Least accuracy of accepted predictions; less confident ones are marked; null: none is marked."
CONFORMAL = (
    "Share of examples whose prediction set (of numbers, interval) holds the truth, learned from validation: 0.9, or "
    "{coverage: 0.9, guarantee: class_conditional}; null: no sets."
)
CALIBRATION = (
    "How probabilities are made right by validation: temperature is one number; vector two for each label and isotonic a "
    "curve for each, for one label a row or several, which need more examples and may change predictions."
)
AVERAGING = (
    "Validate, choose and bundle an average of weights; a number is the decay of ema; null: the weights themselves."
)
SPIKES = "Go back to the last good checkpoint with a lower rate where the loss leaps; true: by default settings; null: never."
MONITORING = "Figures of each layer at some steps, for the diagnosis in the report; false or null: none."
HEAD = "A deeper head in the place of one linear layer, written out into model.head; null: the library's own."
CLIP = "Bound on the gradient of each part, beside the bounds on all of it: agc, or null: none."
DISTIL = "A teacher whose answers are learned beside the labels: {teacher: RUN, student: {layers: 3}}; null: none."
PRUNE = (
    "Take columns, heads, blocks or channels away while the network learns: {feed_forward: 0.5}, {layers: 0.5}, {channels: 0.5}; "
    "null: all stay."
)
QUANTISE = "Learn to be rounded to eight bits, for an int8 export: {aware: int8}; null: learn in float."
FORGETTING = (
    "Of language models: texts (passages between blank lines) that are read before and after training, to see what was "
    "forgotten; general: burnish's own, else a file; null: none."
)
WORKERS = (
    "Threads that read examples: ahead, or where the network has every core, each a part of a batch; null: by the cores, 0 "
    "for texts."
)
SAMPLER = "Which examples an epoch visits, in which order; null: length_bucketed for texts, else shuffled."
SLICES = (
    "Columns of the tested examples whose parts are scored each, beside length and source; all: each that divides them."
)
ROBUSTNESS = (
    "Test once more on examples that are changed: texts with typos and in other case, pictures with blur, noise and other "
    "brightness, sounds with noise and gain."
)
PAGE_ROWS = (
    "Most examples of the data shown in report.html, the worst mistakes first; 0: none, for data that is private."
)
NEAREST = "Training examples the network sees as most like each of the worst mistakes; 0, or page_rows: 0: none."
EXPLAINED = "Worst mistakes whose words or moments are marked in the reports by their effect; one prediction for each."
PRIOR_STRENGTH = "With thresholds: prior, how much of the log frequency is taken away; null: learned from validation."
CORRECTION = (
    "Whether probabilities are corrected for what class weights, samplers and losses made of how common labels are; "
    "predictions stay as they are."
)
SPLIT_SEED = "Of the splits alone, so that runs with other seeds are judged on the same examples; null: as `seed`."
Thresholds = Literal["given", "f1", "balanced_accuracy", "accuracy", "matthews", "cost", "prior"]


class EarlyStopping(BaseModel):
    """When to stop before the last step."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    patience: int = Field(3, ge=1, description="Validations without improvement before the run stops.")
    minimum_change: float = Field(0.0, ge=0, description="Smallest gain in the deciding metric that counts.")


class Conformal(BaseModel):
    """Prediction sets of labels, or intervals of numbers, that hold the truth as often as asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    coverage: float = Field(0.9, gt=0, lt=1, description="Share of new examples whose set holds the truth.")
    method: Literal["lac", "aps"] = Field(
        "lac",
        description="Score of a label: lac gives the smallest sets, which may be empty; aps gives larger ones where the network is "
        "less sure, never empty.",
    )
    guarantee: Literal["marginal", "class_conditional"] = Field(
        "marginal",
        description="Of what the coverage holds: all examples together, or each class alone, which needs enough validation "
        "examples of each.",
    )


class Monitoring(BaseModel):
    """How often the layers of a network are looked at while it learns; what is learned does not depend on it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    every: int | None = Field(
        None, ge=1, description="Steps from one that is looked at to the next; null: 20, in long runs more."
    )


class LossSpikes(BaseModel):
    """When a run goes back to an earlier checkpoint because its loss leapt, and with which rate it goes on."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    rollbacks: int = Field(3, ge=0, description="How often at most the run goes back; 0: never.")
    rate_factor: float = Field(0.5, gt=0, lt=1, description="What the learning rate is multiplied by each time.")
    deviations: float = Field(
        6.0, gt=0, description="Robust standard deviations above the median of the last losses, three steps in a row."
    )
    window: int = Field(50, ge=10, description="Losses that say what is usual; the first half of them is waited for.")


def default(axis: str, kind: str) -> Any:
    """What makes the component that stands where none is named."""
    return lambda: build(axis, {"kind": kind})


def console() -> list[Tracker]:
    """Where events go unless a recipe says otherwise."""
    return [cast(Tracker, build("burnish.trackers", "console"))]
