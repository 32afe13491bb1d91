from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from burnish.training.clips import GradientClip
from burnish.training.technique import Chosen, refused

if TYPE_CHECKING:
    from burnish.core.network import Network
    from burnish.training.step_part import StepPart


class Agc(GradientClip):
    """Keeps the gradient of each unit below a share of the norm of that unit's own weights.

    Adaptive gradient clipping (Brock et al., 2021, arXiv 2102.06171). A unit is what gives one output: a row of a linear
    layer, a filter of a convolution, an embedding; a vector (biases, norms) is one unit as a whole. The gradient is that of
    the whole step, of all micro-batches and processes, with coupled penalties in it.
    """

    off: ClassVar[dict[str, float]] = {"factor": 0.0}
    factor: float = Field(
        0.01, ge=0, description="Longest gradient of a unit, as a share of the norm of its weights; 0: no bound."
    )
    smallest: float = Field(
        1e-3, gt=0, description="Norm of weights that is assumed at least, so that units at zero can begin to learn."
    )
    head: bool = Field(False, description="Whether the head is bounded as well; the paper leaves it out.")

    def check(self, chosen: Chosen) -> None:
        """That what learns has weights to be measured by."""
        adapter = chosen.adapter.kind()
        if adapter == "lora":
            raise refused(
                self,
                "with adapter 'lora' what learns begins at zero, so that a share of its norm would hold it there",
                place="gradient_clip",
                fix="use gradient_clip_norm, or adapter: full",
            )
        if adapter == "head_only" and not self.head:
            raise refused(
                self,
                "with adapter 'head_only' nothing but the head learns, which it leaves out",
                place="gradient_clip",
                fix="say gradient_clip: {kind: agc, head: true}, or leave `gradient_clip` out",
            )

    def part(self, network: Network, optimizer: Any) -> StepPart:
        """The bound of each unit."""
        from burnish.training.clips._units import UnitClip

        return UnitClip(network, optimizer, self.factor, self.smallest, head=self.head)
