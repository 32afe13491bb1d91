"""A teacher beside the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from burnish.training.shrinking import Shrinking
from burnish.training.technique import Chosen, refused

if TYPE_CHECKING:
    from burnish.training.objective import ObjectiveModule
    from burnish.training.teacher import Teacher

PLACE = "distil"


class Student(BaseModel):
    """The teacher made smaller: of what is left out, all stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    layers: int | None = Field(
        None,
        ge=1,
        description="Blocks that stay, evenly spaced; of networks that hear and write, those of the decoder.",
    )
    encoder_layers: int | None = Field(
        None, ge=1, description="Of networks that hear and write, blocks of the encoder that stay."
    )
    heads: int | None = Field(None, ge=1, description="Heads of attention that stay in each block.")
    feed_forward: int | None = Field(
        None, ge=8, multiple_of=8, description="Columns that stay in the middle of each feed-forward part."
    )
    width: int | None = Field(
        None, ge=8, multiple_of=8, description="Width of the states that stays, with as many heads as fit into it."
    )
    vocabulary: str | None = Field(
        None,
        description="A file of texts, a line each, such as the training file: the tokens they need stay, with single "
        "characters, bytes and special tokens. Encoders whose teacher is a run.",
    )


class Distil(Shrinking):
    """The network learns the answers of a teacher beside its labels, and from rows that have none.

    Knowledge distillation (Hinton, Vinyals and Dean, 2015, arXiv 1503.02531): the loss is 1 - alpha times the usual one,
    plus alpha times the Kullback-Leibler divergence of the teacher's answers from the network's, both at `temperature`,
    times its square. Of several labels each is a yes or no; of numbers it is half the squared difference. `layers`
    adds how far states and attention are from the teacher's (Sun et al., 2019, arXiv 1908.09355; Jiao et al., 2020,
    arXiv 1909.10351).
    """

    off: ClassVar[dict[str, float]] = {"alpha": 0.0}
    passes: ClassVar[bool] = True
    teacher: str = Field(
        "",
        description="A run or bundle for the same target, or a checkpoint that has the head: what is learned from.",
    )
    temperature: float = Field(
        2.0, gt=0, description="Logits of both are divided by it: above 1 also unlikely answers are learned."
    )
    alpha: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Share of the loss that is the teacher's; 1: labels are not looked at; 0: no teacher.",
    )
    layers: Literal["none", "hidden", "attention", "all"] = Field(
        "none",
        description="What else is learned of the teacher's blocks: their states, where both are as wide; their attention, where "
        "both have as many heads; or all of it.",
    )
    layers_weight: float = Field(1.0, gt=0, description="Weight of the states and attention beside the answers.")
    student: Student | None = Field(
        None, description="The network is the teacher made smaller; null: it is the recipe's `model`."
    )

    @property
    def sees_blocks(self) -> bool:
        """Whether more than answers is learned, so that the teacher must read what the network reads."""
        return self.layers != "none"

    def check(self, chosen: Chosen) -> None:
        """That there is a teacher, and answers of single rows or places to learn."""
        if not self.teacher:
            raise refused(self, "no teacher is named", place=PLACE, fix="distil.teacher=runs/BIG")
        if not chosen.loss.elementwise():
            why = f"loss {chosen.loss.kind()!r} has no answer of single rows or places that could be learned"
            raise refused(self, why, place=PLACE)
        if chosen.target.shape == "codes":
            raise refused(self, "codes of sounds are not distilled", place=PLACE)
        if self.student is not None and chosen.adapter.kind() in ("head_only", "lora"):
            why = f"a network that was cut must learn as a whole, and adapter {chosen.adapter.kind()!r} holds it still"
            raise refused(self, why, place=PLACE, fix="adapter: full")

    def taught(self, objective: ObjectiveModule, teacher: Teacher | None = None) -> ObjectiveModule:
        """The objective with a teacher beside it.

        Args:
            objective: network and loss.
            teacher: reads what the network reads; None: its answers come with each batch.

        Raises:
            InputError: states or attention of the two cannot be compared.
        """
        from burnish.training.shrinking._chunks import TaughtInChunks
        from burnish.training.shrinking._teaching import TaughtModule
        from burnish.training.teacher import Lesson

        lesson = Lesson(self.alpha, self.temperature, self.layers, self.layers_weight)
        chunked = hasattr(objective, "places") and teacher is not None
        return (TaughtInChunks if chunked else TaughtModule)(objective, lesson, teacher)
