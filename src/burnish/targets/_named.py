"""What targets with a fixed list of names share."""

from __future__ import annotations

from pydantic import Field

from burnish.core.names import Names
from burnish.targets._capabilities import Named
from burnish.targets._target import Target


class Labelled(Target, Named):
    """A target whose logits stand for names: one logit a name, in the order of `labels`."""

    labels: Names = Field(
        default_factory=list,
        description="Label names in the order of the logits; empty: learned from training, sorted.",
    )

    @property
    def names(self) -> tuple[str, ...]:
        """Label names in the order of the logits."""
        return tuple(self.labels)

    @property
    def outputs(self) -> int:
        """One logit a name."""
        return len(self.labels)
