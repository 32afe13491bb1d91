from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from burnish.training.perturbations import Perturbation

if TYPE_CHECKING:
    from burnish.core.network import Network
    from burnish.training.step_part import StepPart


class Sam(Perturbation):
    """Learns from the gradient at the worst weights nearby, and so ends where the loss is flat: twice the time of a step.

    Sharpness-aware minimization (Foret et al., 2021, arXiv 2010.01412). The weights move `radius` along the gradient of the
    whole step, of all micro-batches and processes; the gradient there, with the same dropout, is what the optimizer gets.
    Then they are as before, bit for bit, and so are the statistics of batch norms.
    """

    off: ClassVar[dict[str, float]] = {"radius": 0.0}
    radius: float = Field(0.05, ge=0, description="How far the weights move (rho in the paper); 0: not at all.")

    def part(self, network: Network, optimizer: Any) -> StepPart:
        """The move there and back."""
        from burnish.training.perturbations._sharpness import Ascent

        return Ascent(network, optimizer, self.radius)
