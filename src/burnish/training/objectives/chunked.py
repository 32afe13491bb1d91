from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import Field

from burnish.core.errors import InputError
from burnish.training.objectives import Objective

if TYPE_CHECKING:
    from torch import Tensor

    from burnish.core.network import Network
    from burnish.losses import Loss
    from burnish.training.objective import ObjectiveModule


class Chunked(Objective):
    """The same as `supervised` in less memory: head and loss only at places that have weight, some at a time.

    For answers at each place out of many (a vocabulary): logits of 150,000 tokens at 4,000 places are 2.4 GB. Each chunk's
    gradient is computed with its loss, so the head computes no more than in `supervised`.
    """

    places: int = Field(128, ge=1, description="At how many places logits are in memory at once.")

    def module(self, network: Network, loss: Loss, probe: Callable[[], dict[str, Tensor]]) -> ObjectiveModule:
        """Body, then head and loss in chunks.

        Raises:
            InputError: the loss needs all outputs at once, or the head cannot be computed place by place.
        """
        from burnish.core.network import Inseparable
        from burnish.training.objectives._chunks import ChunkedModule, head_apart

        if not loss.elementwise():
            raise _refused(f"loss {loss.kind()!r} needs all outputs of an example at once")
        try:
            head = head_apart(network, probe())
        except Inseparable as error:
            raise _refused(str(error)) from error
        return ChunkedModule(network, loss, self.places, head)


def _refused(why: str) -> InputError:
    return InputError(
        f"objective 'chunked' cannot be used here: {why}",
        expected="a network with an output at each place, and a loss of single elements",
        fix="objective: supervised",
        place="objective",
    )
