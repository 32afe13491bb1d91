"""Less of a network, taken away while it learns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from burnish.training.shrinking import Shrinking
from burnish.training.technique import Chosen, refused

if TYPE_CHECKING:
    from burnish.core.network import Network
    from burnish.training.step_part import StepPart

PLACE = "prune"


class Prune(Shrinking):
    """Feed-forward columns and heads of attention go in steps, the weakest first, while the rest learns to do without.

    Structured pruning by magnitude (Li et al., 2017, arXiv 1608.08710), gradual (Zhu and Gupta, 2018, arXiv 1710.01878): a
    column is as strong as the weights before it times those behind it. What goes is zero for the rest of the run and is
    taken out at its end, so that the saved network is smaller; it answers as the one with zeros. Beside `distil` the
    teacher helps to recover.
    """

    off: ClassVar[dict[str, float]] = {"feed_forward": 0.0, "heads": 0.0}
    inside: ClassVar[bool] = True
    feed_forward: float = Field(
        0.5,
        ge=0,
        lt=1,
        description="Share of the columns in the middle of feed-forward parts that go; a multiple of 8 stays.",
    )
    heads: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share of the heads of attention that go; only where config.json says how wide a head is, as of Llama.",
    )
    steps: int = Field(4, ge=1, description="In how many steps, evenly over the first part of the run.")
    until: float = Field(
        0.5, gt=0, lt=1, description="Share of the run after which all are gone, and the rest recovers."
    )

    def check(self, chosen: Chosen) -> None:
        """That the weights that are left learn, in a network whose blocks are known."""
        if chosen.model.kind() != "transformers":
            why = f"networks of {chosen.model.kind()} are not taken apart; their channels stay"
            raise refused(self, why, place=PLACE, fix="a smaller `model`, with distil")
        if chosen.adapter.kind() != "full":
            why = f"adapter {chosen.adapter.kind()!r} holds weights still that would have to do without the others"
            raise refused(self, why, place=PLACE, fix="adapter: full")

    def part(self, network: Network, optimizer: Any) -> StepPart | None:
        """Zeros after each step, ever more until `until`.

        Raises:
            InputError: the blocks of the network are not known, or what is left could not be said in config.json.
        """
        from burnish.training.pruning import Pruning, wanted

        return Pruning(network, wanted(network, self.feed_forward, self.heads), self.steps, self.until)

    def complete(self, progress: float) -> bool:
        """Whether all that is to go has gone: earlier weights are no candidates for the best."""
        return progress >= self.until

    def taken_out(self, network: Network) -> str:
        """Take out of the network what is zero; how much, in words."""
        from burnish.training.pruning import take_out, wanted

        return take_out(network, wanted(network, self.feed_forward, self.heads))
