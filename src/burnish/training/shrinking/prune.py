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
    """Columns, heads, blocks or channels go in steps, the weakest first, while the rest learns to do without.

    Structured pruning by magnitude (Li et al., 2017, arXiv 1608.08710), gradual (Zhu and Gupta, 2018, arXiv 1710.01878): a
    column is as strong as the weights before it times those behind it, a channel as the scales of its norms (Liu et al.,
    2017, arXiv 1708.06519) times what reads it. Blocks go evenly spaced, the last first. What goes is zero, or passed by,
    for the rest of the run and is taken out at its end, so that the saved network is smaller; it answers as the one with
    zeros. Beside `distil` the teacher helps to recover.
    """

    off: ClassVar[dict[str, float]] = {"feed_forward": 0.0, "heads": 0.0, "layers": 0.0, "channels": 0.0}
    inside: ClassVar[bool] = True
    feed_forward: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="Share of the columns in the middle of feed-forward parts that go; a multiple of 8 stays. Null: 0.5, or 0 "
        "where `layers` or `channels` are named.",
    )
    heads: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share of the heads of attention that go; only where config.json says how wide a head is, as of Llama.",
    )
    layers: float = Field(0.0, ge=0, lt=1, description="Share of the blocks that go, of networks of transformers.")
    channels: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share of the channels inside each block that go; a multiple of 8 stays. For mobilenet_v2 of torchvision "
        "and ResNets with bottlenecks.",
    )
    steps: int = Field(4, ge=1, description="In how many steps, evenly over the first part of the run.")
    until: float = Field(
        0.5, gt=0, lt=1, description="Share of the run after which all are gone, and the rest recovers."
    )

    @property
    def columns(self) -> float:
        """The share of feed-forward columns that goes."""
        if self.feed_forward is not None:
            return self.feed_forward
        return 0.0 if self.layers or self.channels else 0.5

    def check(self, chosen: Chosen) -> None:
        """That the weights that are left learn, in a network whose blocks are known."""
        kind = chosen.model.kind()
        if kind == "transformers" and self.channels:
            raise refused(self, "networks of transformers have no channels", place=PLACE, fix="prune.feed_forward=0.5")
        if kind != "transformers" and (self.columns or self.heads or self.layers):
            why = f"of networks of {kind} only channels are pruned"
            raise refused(self, why, place=PLACE, fix="prune.channels=0.5, or a smaller `model` with distil")
        if chosen.adapter.kind() != "full":
            why = f"adapter {chosen.adapter.kind()!r} holds weights still that would have to do without the others"
            raise refused(self, why, place=PLACE, fix="adapter: full")

    def part(self, network: Network, optimizer: Any) -> StepPart | None:
        """Zeros after each step, ever more until `until`.

        Raises:
            InputError: the blocks of the network are not known, or what is left could not be said in its configuration.
        """
        from burnish.training.pruning import Steps, Together
        from burnish.training.pruning.blocks import PassedBy, staying
        from burnish.training.pruning.channels import ChannelPruning
        from burnish.training.pruning.columns import Pruning, wanted

        steps = Steps(self.steps, self.until)
        parts: list[StepPart] = []
        if self.columns or self.heads:
            parts.append(Pruning(network, wanted(network, self.columns, self.heads), steps))
        if self.layers:
            parts.append(PassedBy(network, staying(network, self.layers), steps))
        if self.channels:
            parts.append(ChannelPruning(network, self.channels, steps))
        return Together(parts) if parts else None

    def complete(self, progress: float) -> bool:
        """Whether all that is to go has gone: earlier weights are no candidates for the best."""
        return progress >= self.until

    def taken_out(self, network: Network) -> str:
        """Take out of the network what is zero or passed by; how much, in words."""
        from burnish.training.pruning.blocks import staying, take_out_blocks
        from burnish.training.pruning.channels import take_out_channels
        from burnish.training.pruning.columns import take_out, wanted

        model = network.backbone()
        before = sum(p.numel() for p in model.parameters())
        if self.columns or self.heads:
            take_out(network, wanted(network, self.columns, self.heads))
        if self.layers:
            take_out_blocks(network, staying(network, self.layers))
        if self.channels:
            take_out_channels(network, self.channels)
        after = sum(p.numel() for p in model.parameters())
        return f"pruned: {after / 1e6:.1f} M of {before / 1e6:.1f} M parameters are left"
