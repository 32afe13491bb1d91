"""Rates of dropout by the part of a network that they are in."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class DropoutRates(BaseModel):
    """Other rates of dropout for some parts of a network; null: the checkpoint's own."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    hidden: float | None = Field(None, ge=0, lt=1, description="Between layers, and behind the embeddings.")
    attention: float | None = Field(None, ge=0, lt=1, description="Of attention weights.")
    head: float | None = Field(None, ge=0, lt=1, description="In front of the head.")
    stochastic_depth: float | None = Field(None, ge=0, lt=1, description="Of whole layers that are left out.")

    def named(self) -> dict[str, float]:
        """The rates that are given, by part."""
        return {name: rate for name, rate in self.model_dump().items() if rate is not None}
