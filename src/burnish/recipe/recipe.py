"""Recipe: one run, fully written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationInfo, field_validator

from burnish.adapters import Adapter
from burnish.class_weights import ClassWeights
from burnish.core.component import choice, validated
from burnish.core.errors import InputError
from burnish.data.augmentations import Augmentation
from burnish.data.looking.closer.settings import AuditSettings
from burnish.data.mixing import Mixing
from burnish.data.samplers import Sampler
from burnish.data.settings import Data
from burnish.data.splits import Split
from burnish.decoders import Decoder
from burnish.inputs import Input
from burnish.losses import Loss
from burnish.metrics import Metric
from burnish.models import Head, Model
from burnish.optimizers import Optimizer
from burnish.recipe import parts
from burnish.recipe.listening import Listening
from burnish.recipe.shorthands import spell_out
from burnish.recipe.space import require_closed
from burnish.recipe.tasks import TASKS
from burnish.schedules import Schedule
from burnish.targets import Costs, Target
from burnish.trackers import Tracker
from burnish.training.averages import Averaging
from burnish.training.clips import GradientClip
from burnish.training.objectives import Objective
from burnish.training.penalties import Penalty
from burnish.training.perturbations import Perturbation
from burnish.training.resamplers import Resampler
from burnish.training.shrinking import Shrinking
from burnish.training.technique import Technique


class Recipe(BaseModel):
    """One run, fully written down. Null means: chosen from the data, the checkpoint or the target, and said."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False)

    trust_code: bool = Field(
        False, description="Whether a kind may name code from outside burnish (package.module:Class)."
    )
    task: str | None = Field(None, description="Shorthand for input and target: " + ", ".join(TASKS) + ".")
    data: Data = Field(description="Where the labelled data is.")
    input: Annotated[Input | None, *choice("burnish.inputs")] = Field(
        None, description="What the model reads; null: inferred and logged."
    )
    target: Annotated[Target | None, *choice("burnish.targets")] = Field(
        None, description="What it predicts; with a column and no kind, the kind is inferred and logged."
    )
    target_column: str | None = Field(None, description="Label column, when the kind of target is to be inferred.")
    long: str | dict[str, Any] | None = Field(None, description=parts.LONG)
    group: str | None = Field(
        None,
        description="Column whose rows belong together: intervals resample groups; `split: grouped` keeps them whole.",
    )
    model: Annotated[Model, *choice("burnish.models", "transformers")] = Field(
        default_factory=parts.default("burnish.models", "transformers"), description="The pretrained checkpoint."
    )
    head: Head | None = Field(None, description=parts.HEAD)
    split: Annotated[Split, *choice("burnish.data.splits")] = Field(
        default_factory=parts.default("burnish.data.splits", "stratified"),
        description="How examples are divided where no validation or test file is given.",
    )
    folds: int | None = Field(None, ge=2, le=20, description=parts.FOLDS)
    adapter: Annotated[Adapter, *choice("burnish.adapters")] = Field(
        default_factory=parts.default("burnish.adapters", "full"), description="Which parameters are trained."
    )
    loss: Annotated[Loss | None, *choice("burnish.losses")] = Field(
        None, description="What is minimised; null: the target's own."
    )
    objective: Annotated[Objective, *choice("burnish.training.objectives")] = Field(
        default_factory=parts.default("burnish.training.objectives", "supervised"),
        description="How network and loss meet; chunked saves memory where predictions are out of a big vocabulary.",
    )
    class_weights: Annotated[ClassWeights, *choice("burnish.class_weights")] = Field(
        default_factory=parts.default("burnish.class_weights", "none"),
        description="How much each class counts in the loss.",
    )
    sampler: Annotated[Sampler | None, *choice("burnish.data.samplers")] = Field(None, description=parts.SAMPLER)
    imbalance: str | dict[str, Any] | None = Field(None, description=parts.IMBALANCE)
    resampler: Annotated[Resampler | None, *choice("burnish.training.resamplers")] = Field(
        None, description=parts.RESAMPLER
    )
    augmentation: Annotated[Augmentation | None, *choice("burnish.data.augmentations")] = Field(
        None, description=parts.AUGMENTATION
    )
    mixing: Annotated[Mixing | None, *choice("burnish.data.mixing")] = Field(None, description=parts.MIXING)
    decoder: Annotated[Decoder | None, *choice("burnish.decoders")] = Field(None, description=parts.DECODER)
    optimizer: Annotated[Optimizer, *choice("burnish.optimizers")] = Field(
        default_factory=parts.default("burnish.optimizers", "adamw"), description="How gradients become steps."
    )
    schedule: Annotated[Schedule, *choice("burnish.schedules")] = Field(
        default_factory=parts.default("burnish.schedules", "linear"), description="The learning rate over the run."
    )
    metrics: Annotated[list[Metric] | None, *choice("burnish.metrics")] = Field(
        None,
        description="Metrics with settings of your own; every metric defined for the target is reported in any case.",
    )
    deciding_metric: str | None = Field(
        None, description="Metric that chooses the best checkpoint, or 'loss'; null: the target's first choice."
    )
    trackers: Annotated[list[Tracker], *choice("burnish.trackers")] = Field(
        default_factory=parts.console,
        description="Where events go; events.jsonl is always written.",
    )

    learning_rate: float | None = Field(None, gt=0, description=parts.LEARNING_RATE)
    head_learning_rate: float | None = Field(None, gt=0, description="Another peak rate for the head; null: the same.")
    layer_decay: float | None = Field(None, gt=0, le=1, description=parts.LAYER_DECAY)
    batch_size: int = Field(
        32, ge=1, description="Examples of one optimizer step, over all micro-batches and processes."
    )
    micro_batch_size: int | None = Field(
        None, ge=1, description="Examples that go through the network at once; null: all, halved when memory runs out."
    )
    epochs: float | None = Field(None, gt=0, description=parts.EPOCHS)
    max_steps: int | None = Field(None, ge=1, description="Optimizer steps; wins over epochs.")
    gradient_clip_norm: float | None = Field(
        1.0, gt=0, description="Bound on the norm of all gradients together; null: none."
    )
    gradient_clip_value: float | None = Field(None, gt=0, description="Bound on each gradient element; null: none.")
    gradient_clip: Annotated[GradientClip | None, *choice("burnish.training.clips", "agc")] = Field(
        None, description=parts.CLIP
    )
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field("auto", description=parts.PRECISION)
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="Where to train.")
    nonfinite: Literal["stop", "skip", "rollback"] = Field(
        "stop", description="What to do about a loss or gradient that is not finite."
    )
    validation_epochs: float = Field(1.0, gt=0, description="Validate every so many epochs; may be a fraction.")
    validation_steps: int | None = Field(
        None, ge=1, description="Validate every so many steps; wins over validation_epochs."
    )
    workers: int | None = Field(None, ge=0, le=64, description=parts.WORKERS)
    decoded_cache: int = Field(1024, ge=0, description=parts.DECODED_CACHE)
    cache_features: Literal["auto", "always", "never"] = Field("auto", description=parts.CACHE_FEATURES)
    evaluation_batch_size: int = Field(64, ge=1, description="Examples at once in validation and test.")
    early_stopping: parts.EarlyStopping | None = Field(
        None, description="Stop when validation no longer improves; null: never."
    )
    monitoring: parts.Monitoring | None = Field(default_factory=parts.Monitoring, description=parts.MONITORING)
    loss_spikes: parts.LossSpikes | None = Field(None, description=parts.SPIKES)
    penalty: Annotated[list[Penalty], *choice("burnish.training.penalties")] = Field(
        default_factory=list,
        description="What large weights, or weights far from the pretrained ones, cost; one, or a list; empty: nothing.",
    )
    perturbation: Annotated[list[Perturbation], *choice("burnish.training.perturbations")] = Field(
        default_factory=list,
        description="What the network is disturbed by while it learns; one, or a list; empty: nothing.",
    )
    averaging: Annotated[Averaging | None, *choice("burnish.training.averages", "ema")] = Field(
        None, description=parts.AVERAGING
    )
    distil: Annotated[Shrinking | None, *choice("burnish.training.shrinking", "distil")] = Field(
        None, description=parts.DISTIL
    )
    prune: Annotated[Shrinking | None, *choice("burnish.training.shrinking", "prune")] = Field(
        None, description=parts.PRUNE
    )
    quantise: Annotated[Shrinking | None, *choice("burnish.training.shrinking", "quantise")] = Field(
        None, description=parts.QUANTISE
    )
    checkpoint_steps: int | None = Field(
        None, ge=1, description="Save every so many steps as well; each validation saves in any case."
    )
    keep_checkpoints: int = Field(1, ge=1, description="How many of the last checkpoints are kept beside the best.")
    baselines: bool = Field(
        True,
        description="Score the baselines on the test split as well: majority, linear models, the checkpoint untouched.",
    )
    forgetting: str | None = Field("general", description=parts.FORGETTING)
    listening: Listening = Field(default_factory=Listening, description=parts.LISTENING)
    resamples: int = Field(1000, ge=100, description="Bootstrap resamples behind each interval.")
    calibration: Literal["none", "temperature", "vector", "isotonic"] = Field("none", description=parts.CALIBRATION)
    thresholds: parts.Thresholds = Field("given", description=parts.THRESHOLDS)
    prior_strength: float | None = Field(None, ge=0, description=parts.PRIOR_STRENGTH)
    costs: Costs | None = Field(None, description=parts.COSTS)
    prior_correction: bool = Field(False, description=parts.CORRECTION)
    abstention: float | None = Field(None, gt=0, lt=1, description=parts.ABSTENTION)
    conformal: parts.Conformal | None = Field(None, description=parts.CONFORMAL)
    slices: list[str] | Literal["all"] = Field(default_factory=list, description=parts.SLICES)
    robustness: bool = Field(False, description=parts.ROBUSTNESS)
    page_rows: int = Field(500, ge=0, le=5000, description=parts.PAGE_ROWS)
    nearest_examples: int = Field(3, ge=0, le=20, description=parts.NEAREST)
    explained_mistakes: int = Field(0, ge=0, le=200, description=parts.EXPLAINED)
    golden_examples: int = Field(
        3, ge=0, description="Training examples kept in the bundle with reference predictions, checked at load."
    )
    audit: AuditSettings = Field(default_factory=AuditSettings, description="How closely the rows are looked at.")
    allow: list[str] = Field(
        default_factory=list, description="Audit findings to accept, by name, such as test_rows_in_train."
    )
    seed: int = Field(0, ge=0, description="Of everything random: splits, head, order of examples, dropout.")
    split_seed: int | None = Field(None, ge=0, description=parts.SPLIT_SEED)
    _unsettled: dict[str, dict[str, Any]] = PrivateAttr(default_factory=dict)

    @field_validator("early_stopping", mode="before")
    @classmethod
    def _patience(cls, value: Any) -> Any:
        return {"patience": value} if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("penalty", "perturbation", mode="before")
    @classmethod
    def _none_is_none(cls, value: Any) -> Any:
        return [] if value is None else value

    @field_validator("loss_spikes", "monitoring", mode="before")
    @classmethod
    def _as_usual(cls, value: Any) -> Any:
        return ({} if value else None) if isinstance(value, bool) else value

    @field_validator("distil", "prune", "quantise", mode="after")
    @classmethod
    def _in_its_place(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and value.kind() != info.field_name:
            raise ValueError(f"{value.kind()!r} has a field of its own")
        return value

    @field_validator("conformal", mode="before")
    @classmethod
    def _coverage(cls, value: Any) -> Any:
        return {"coverage": value} if isinstance(value, float) else value

    @field_validator("averaging", mode="before")
    @classmethod
    def _decay(cls, value: Any) -> Any:
        return {"kind": "ema", "decay": value} if isinstance(value, float) else value

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> Recipe:
        """A recipe from plain values: what a YAML file or keyword arguments say.

        Raises:
            InputError: unknown fields or kinds, values out of range, a task at odds with input or target.
        """
        values = {name: dict(v) if isinstance(v, dict) else v for name, v in values.items()}
        require_closed(values)
        data = values.get("data")
        if data is None:
            raise InputError("`data` is missing", expected="data: {train: FILE} or --data FILE", place="recipe")
        if not isinstance(data, Mapping | Data):  # a path, paths, rows, a DataFrame, a datasets.Dataset
            values["data"] = {"train": data}
        unsettled = spell_out(values, TASKS)
        recipe = validated(cls, values, trust_code=values.get("trust_code") is True)
        recipe._unsettled = unsettled
        return recipe

    @property
    def techniques(self) -> list[Technique]:
        """What was chosen beside the plain loop, in the order in which it joins in; averaging last."""
        alone = (self.gradient_clip, self.prune, self.quantise, self.distil, self.averaging)
        return [*self.penalty, *self.perturbation, *(one for one in alone if one is not None)]

    @property
    def dividing_seed(self) -> int:
        """The seed of the splits."""
        return self.seed if self.split_seed is None else self.split_seed

    @property
    def unsettled(self) -> dict[str, dict[str, Any]]:
        """By field, settings whose kind the data will tell: `input: {root: clips}` of images or sounds."""
        return self._unsettled


class Settled(Recipe):
    """A recipe in which nothing is left open: what a run is made of, and what its folder keeps."""

    input: Annotated[Input, *choice("burnish.inputs")]
    target: Annotated[Target, *choice("burnish.targets")]
    loss: Annotated[Loss, *choice("burnish.losses")]
    sampler: Annotated[Sampler, *choice("burnish.data.samplers")]
    metrics: Annotated[list[Metric], *choice("burnish.metrics")]
    decoder: Annotated[Decoder, *choice("burnish.decoders")]
    deciding_metric: str
    learning_rate: float
    layer_decay: float
    epochs: float

    def task_name(self) -> str:
        """The task's usual name, or 'input × target' where it has none."""
        pair = (self.input.kind(), self.target.kind())
        return next((name for name, task_kinds in TASKS.items() if task_kinds == pair), " × ".join(pair))
