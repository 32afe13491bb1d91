"""What of predictions that are sounds is to be heard, and how they are compared with recordings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Listening(BaseModel):
    """Of predictions that are sounds: samples to hear, and figures over all of the test."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    samples: int = Field(
        3, ge=0, description="Captions, of the validation split where there is one, that are written at the first step, "
        "the middle and the end, to be heard.",
    )  # fmt: skip
    embedding: str | None = Field(
        None,
        description="Run or bundle of an audio network whose features the Fréchet distance is of; null: the checkpoint's own "
        "codec.",
    )
    clap: str | None = Field(
        None,
        description="CLAP checkpoint (folder or hub name) by which predictions are compared with their captions; null: not at all.",
    )
