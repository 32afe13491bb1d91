"""The reply to a conversation, written by a language model."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, field_validator

from burnish.media.chat.conversation import ROLES
from burnish.media.chat.rendered import Learned
from burnish.targets._replies import Replies


class Response(Replies):
    """The reply at the end of a conversation; in training every reply of it is learned."""

    headline: ClassVar[tuple[str, ...]] = (
        "bits_per_byte",
        "exact_match",
        "extracted_match",
        "tool_call_match",
        "valid_json",
        "chrf",
        "stop_rate",
    )
    learn: list[str] = Field(
        default=["assistant"], description="Roles whose turns the loss is on; 'replies', or 'all' for every turn."
    )
    last_reply_only: bool = Field(False, description="Of a conversation's replies learn the last alone.")

    @field_validator("learn", mode="before")
    @classmethod
    def _roles(cls, learn: Any) -> Any:
        named = {"replies": ["assistant"], "all": list(ROLES)}
        return named.get(learn, [learn]) if isinstance(learn, str) else learn

    @field_validator("learn")
    @classmethod
    def _known(cls, learn: list[str]) -> list[str]:
        wrong = [role for role in learn if role not in ROLES]
        if wrong or not learn:
            raise ValueError(f"roles are {', '.join(ROLES)}, or one of replies and all")
        return learn

    @property
    def learned_turns(self) -> Learned:
        """What the loss is on."""
        return Learned(tuple(self.learn), self.last_reply_only)
