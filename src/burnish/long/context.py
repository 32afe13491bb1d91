"""A checkpoint that reads long texts at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from burnish.core.errors import InputError
from burnish.long import Long


class Context(Long):
    """Reads a text as one piece, as far as the checkpoint reads, or farther by scaled rotary positions.

    What attention is used and what memory a long text takes is said before training. Rotary positions: linear, Chen et al. 2023,
    arXiv 2306.15595; yarn, Peng et al. 2023, arXiv 2309.00071. Positions that are scaled by the longest text of a batch
    (dynamic) are left out: an answer must not depend on what else is asked.
    """

    off: ClassVar[dict[str, Any]] = {"tokens": None, "rope_scaling": None, "measure_memory": False}
    of_pairs: ClassVar[bool] = True
    tokens: int | None = Field(
        None, ge=8, description="Most tokens of an example, special tokens included; null: what the checkpoint reads."
    )
    rope_scaling: Literal["linear", "yarn"] | None = Field(
        None, description="How rotary positions are scaled so that `tokens` may be more than the checkpoint reads."
    )
    measure_memory: bool = Field(
        True,
        description="Whether the longest training example goes through the network once before training, to say its memory.",
    )

    @model_validator(mode="after")
    def _scaled_to(self) -> Context:
        if self.rope_scaling is not None and self.tokens is None:
            raise ValueError("rope_scaling without tokens: how far the network is to read must be said")
        return self

    def reading(self, processor: Any) -> Any:
        """Texts of so many tokens.

        Raises:
            InputError: the checkpoint does not read so many, and its positions are not scaled.
        """
        limit = processor.max_length
        if self.tokens is None:
            return processor
        if limit is not None and self.tokens > limit and self.rope_scaling is None:
            raise InputError(
                f"long.tokens is {self.tokens:,}, but this checkpoint reads at most {limit:,}",
                expected="as many tokens as it reads, or scaled rotary positions",
                fix="long: slide; a checkpoint for long texts, such as answerdotai/ModernBERT-base or "
                "allenai/longformer-base-4096; or, of one with rotary positions, long.rope_scaling=yarn",
                place="long.tokens",
            )
        return replace(processor, max_length=self.tokens)
