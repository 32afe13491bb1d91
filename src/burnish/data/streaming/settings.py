"""What a recipe says of a stream."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Streaming(BaseModel):
    """How training rows are streamed."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    window: int = Field(
        16384, ge=1, description="Examples in memory, mixed with each other; rounded up to whole batches."
    )
    sample: int = Field(
        4096, ge=2, description="Examples that names, audit, settings left open and baselines are taken from."
    )
