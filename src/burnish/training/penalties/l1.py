from __future__ import annotations

from typing import TYPE_CHECKING, Any

from burnish.training.penalties import Penalty

if TYPE_CHECKING:
    from burnish.core.network import Network
    from burnish.training.step_part import StepPart


class L1(Penalty):
    """Pulls weight matrices towards zero by the same amount whatever their size: strength times the sum of absolute values.

    Tibshirani, 1996 (the lasso). Decoupled it is the proximal step: each weight moves by rate x strength towards zero and
    stops there, so that some become exactly 0 (Parikh and Boyd, 2014, "Proximal algorithms"). Coupled none does.
    """

    def part(self, network: Network, optimizer: Any) -> StepPart:
        """The gradient strength x sign(w), or the soft threshold at rate x strength."""
        from torch.nn import functional as F

        from burnish.training.penalties._pulling import Pull, decays

        if self.decoupled:
            return Pull(optimizer, decays, moved=lambda w, rate: w.copy_(F.softshrink(w, rate * self.strength)))
        return Pull(optimizer, decays, gradient=lambda w: w.sign() * self.strength)
