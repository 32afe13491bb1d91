"""What a recipe says about its audit."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class AuditSettings(BaseModel):
    """How closely the rows are looked at before training."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    near_duplicates: bool = Field(
        True, description="Look for texts in nearly the same words, and sounds that sound alike."
    )
    similarity: float = Field(
        0.7, gt=0, le=1, description="Jaccard similarity of their shingles from which on two texts are nearly the same."
    )
    leakage: bool = Field(
        True, description="Look for words, file names, sizes, lengths, edges and other columns that tell the label."
    )
    personal_data: bool = Field(True, description="Count e-mail addresses, telephone numbers and the like in texts.")
    shift: bool = Field(True, description="Ask a classifier whether it can tell the splits apart.")
    label_errors: bool = Field(
        False, description="Look for wrong labels (confident learning with a probe on frozen features); takes longer."
    )
    outliers: bool = Field(False, description="Look for rows that are like no other; needs the same features.")
    features: Literal["auto", "network", "plain"] = Field(
        "auto",
        description="What wrong labels and outliers are found by: the checkpoint's features, or word counts, picture and sound "
        "statistics; auto: the checkpoint where it is named or a starter and there is time.",
    )
    seconds: float = Field(
        60, gt=0, description="Time that all this may take; what does not fit is left out, and said."
    )
