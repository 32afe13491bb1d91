"""Numbers of eight bits while the network learns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from burnish.training.shrinking import Shrinking
from burnish.training.technique import Chosen, refused

if TYPE_CHECKING:
    from torch import Tensor

    from burnish.core.network import Network
    from burnish.training.objective import ObjectiveModule
    from burnish.training.step_part import StepPart

PLACE = "quantise"


class Quantise(Shrinking):
    """The network learns with its weights and states rounded as an int8 export rounds them, and so gets used to it.

    Quantisation-aware training (Jacob et al., 2018, arXiv 1712.05877). Weights have a scale for each output channel,
    symmetric; states one for each tensor, with a zero point. Gradients pass the rounding as if it were not there. Batch
    norms are folded into the convolutions before them first. The ranges of states follow what is seen, until they are
    frozen. `burnish export RUN --quantize aware_int8` writes a graph that rounds at the same places with the same scales.
    """

    off: ClassVar[dict[str, str]] = {"aware": "none"}
    inside: ClassVar[bool] = True
    aware: Literal["int8", "none"] = Field("int8", description="What the network is to run in; none: float.")
    frozen_from: float = Field(
        0.7, gt=0, le=1, description="Share of the run after which ranges of states stay as they are."
    )
    momentum: float = Field(0.05, gt=0, le=1, description="How quickly ranges follow what the last batch showed.")
    embeddings: bool = Field(
        True, description="Whether large embeddings, which are most of a small file, are rounded too."
    )

    def check(self, chosen: Chosen) -> None:
        """That every weight that is rounded learns, and that the network answers in one pass."""
        if chosen.adapter.kind() != "full":
            why = f"adapter {chosen.adapter.kind()!r} leaves weights as they are, which could not get used to rounding"
            raise refused(self, why, place=PLACE, fix="adapter: full")
        if chosen.target.shape not in ("row", "element"):
            why = "the int8 export of such a network is no ONNX graph, and nothing would run what was learned"
            raise refused(self, why, place=PLACE)
        if chosen.objective.kind() == "chunked":
            raise refused(self, "objective 'chunked' computes the head apart", place=PLACE, fix="objective: supervised")

    def around(self, objective: ObjectiveModule, probe: Callable[[], dict[str, Tensor]]) -> ObjectiveModule:
        """The same objective; its network rounds from now on.

        Raises:
            InputError: the network has no products or convolutions.
        """
        from burnish.training.rounding.network import quantised
        from burnish.training.rounding.places import places_of

        network = objective.network
        plan = places_of(network, probe(), embeddings=self.embeddings)
        if not plan.weights:
            raise refused(self, "the network has no products or convolutions to round", place=PLACE)
        quantised(network, plan, momentum=self.momentum)
        return objective

    def part(self, network: Network, optimizer: Any) -> StepPart | None:
        """Freezes the ranges late."""
        from burnish.training.rounding.network import Freezing

        return Freezing(network, self.frozen_from)

    def finished(self, network: Network) -> dict[str, Any]:
        """Let the network compute in float again, and give what an export must know: `save_ranges` takes it."""
        from burnish.training.rounding.network import in_float

        return in_float(network)

    def save_ranges(self, told: dict[str, Any], folder: Path) -> None:
        """Write the places and ranges beside the weights of a bundle."""
        from burnish.core.files import write_json
        from burnish.training.rounding.network import RANGES

        write_json(folder / RANGES, told)
