from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from burnish.training.penalties import Penalty
from burnish.training.technique import Chosen, refused

if TYPE_CHECKING:
    from burnish.core.network import Network
    from burnish.training.step_part import StepPart


class L2Sp(Penalty):
    """Pulls the body towards its pretrained weights instead of towards zero, and leaves the head out.

    L2-SP (Li, Grandvalet and Davoine, 2018, arXiv 1802.01483), over all parameters of the body, norms and biases included.
    Decoupled, each step goes the share `strength` of the way back at the peak rate, less where the rate is lower; coupled,
    it is half of strength times the squared distance. The optimizer's own weight decay, which pulls elsewhere, is off for
    the body.
    """

    strength: float = Field(
        0.01,
        ge=0,
        description="Share of the way back to the pretrained weights in each step at the peak rate; 0: none.",
    )

    head_strength: float = Field(
        0.0, ge=0, description="Pull of the head's matrices towards zero, beside `optimizer.weight_decay`."
    )

    def check(self, chosen: Chosen) -> None:
        """That there is a pretrained weight for what learns in the body."""
        adapter = chosen.adapter.kind()
        if adapter == "lora":
            raise refused(
                self,
                "with adapter 'lora' the pretrained weights do not learn: what learns begins at zero, and the pull towards "
                "the start is plain weight decay of it",
                place="penalty",
                fix="set optimizer.weight_decay, or penalty: l2",
            )
        if adapter == "head_only":
            raise refused(
                self, "with adapter 'head_only' nothing of the body learns, and it is there already", place="penalty"
            )
        if getattr(chosen.model, "random_weights", False):
            raise refused(
                self, "the network begins at random weights: there is nothing worth staying near", place="penalty"
            )

    def part(self, network: Network, optimizer: Any) -> StepPart:
        """The pull towards a copy of the weights as they are now."""
        from burnish.training.penalties._starting_point import towards_start

        return towards_start(optimizer, self.strength, self.head_strength, decoupled=self.decoupled)
