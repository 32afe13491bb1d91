from __future__ import annotations

from typing import TYPE_CHECKING, Any

from burnish.training.penalties import Penalty

if TYPE_CHECKING:
    from burnish.core.network import Network
    from burnish.training.step_part import StepPart


class L2(Penalty):
    """Pulls weight matrices towards zero: half of strength times the sum of their squares (ridge, weight decay).

    Beside `optimizer.weight_decay`, which it adds to. Decoupled: Loshchilov and Hutter, 2019 (arXiv 1711.05101). Coupled it
    is the penalty of Krogh and Hertz, 1991, "A simple weight decay can improve generalization".
    """

    def part(self, network: Network, optimizer: Any) -> StepPart:
        """The gradient strength x w, or the factor 1 - rate x strength."""
        from burnish.training.penalties._pulling import Pull, decays

        if self.decoupled:
            return Pull(optimizer, decays, moved=lambda w, rate: w.mul_(1 - rate * self.strength))
        return Pull(optimizer, decays, gradient=lambda w: w * self.strength)
