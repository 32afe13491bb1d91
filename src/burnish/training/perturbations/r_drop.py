from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from burnish.training.perturbations import Perturbation
from burnish.training.technique import Chosen, refused

if TYPE_CHECKING:
    from torch import Tensor

    from burnish.training.objective import ObjectiveModule


class RDrop(Perturbation):
    """Each row goes through the network twice with different dropout, and both answers are to agree: twice the time.

    R-Drop (Liang et al., 2021, arXiv 2106.14448): the mean of both losses, plus alpha times the mean of both
    Kullback-Leibler divergences between the two answers. Of numbers it is half their squared difference.
    """

    off: ClassVar[dict[str, float]] = {"alpha": 0.0}
    draws: ClassVar[bool] = True
    passes: ClassVar[bool] = True
    alpha: float = Field(
        1.0, ge=0, description="Weight of the disagreement; the paper has 0.1 to 5. 0: one pass, as usual."
    )

    def check(self, chosen: Chosen) -> None:
        """That there are outputs to compare, all of them."""
        if not chosen.loss.elementwise():
            why = f"loss {chosen.loss.kind()!r} has no distribution for each element that two passes could agree on"
            raise refused(self, why, place="perturbation")
        if chosen.objective.kind() == "chunked":
            why = "objective 'chunked' never has all outputs of a pass at once"
            raise refused(self, why, place="perturbation", fix="objective: supervised")

    def around(self, objective: ObjectiveModule, probe: Callable[[], dict[str, Tensor]]) -> ObjectiveModule:
        """Two passes in one batch.

        Raises:
            InputError: the network has no dropout: both passes would be the same.
        """
        from burnish.training.perturbations._two_passes import TwoPasses, is_random

        if not is_random(objective.network, probe()):
            raise refused(
                self,
                "the network has no dropout, so that both passes would be the same",
                place="perturbation",
                fix="set a rate: model.dropout=0.1",
            )
        return TwoPasses(objective, self.alpha)
