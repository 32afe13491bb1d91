from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from burnish.training.perturbations import Perturbation
from burnish.training.technique import Chosen, refused

if TYPE_CHECKING:
    from torch import Tensor

    from burnish.training.objective import ObjectiveModule


class Fgm(Perturbation):
    """Each text is learned a second time with its embeddings moved to where the loss grows fastest: twice the time.

    The fast gradient method on embeddings (Miyato, Dai and Goodfellow, 2017, arXiv 1605.07725). Each text moves by `epsilon`
    along its own gradient, however many rows lie beside it; what is minimised is the mean of the loss here and there.
    """

    off: ClassVar[dict[str, float]] = {"epsilon": 0.0}
    inside: ClassVar[bool] = True
    passes: ClassVar[bool] = True
    epsilon: float = Field(
        0.1, ge=0, description="How far the embeddings of a text move, as a share of their own norm; 0: not at all."
    )

    def check(self, chosen: Chosen) -> None:
        """That there are embeddings, a row in each line, and gradients that need no scale."""
        if "text" not in chosen.input.encoder:
            raise refused(self, f"input {chosen.input.kind()!r} has no embeddings of tokens", place="perturbation")
        if chosen.sampler.packs():
            why = f"sampler {chosen.sampler.kind()!r} puts several rows into a line, which would be moved as one"
            raise refused(self, why, place="perturbation", fix="sampler: length_bucketed")
        if chosen.precision == "float16":
            why = "in float16 the gradient of the embeddings underflows"
            raise refused(self, why, place="perturbation", fix="precision: bfloat16 or float32")

    def around(self, objective: ObjectiveModule, probe: Callable[[], dict[str, Tensor]]) -> ObjectiveModule:
        """A pass over the rows as they are, and one over the moved ones.

        Raises:
            InputError: the network does not say where its embeddings are.
        """
        from burnish.training.perturbations._adversarial import Adversarial, embeddings_of

        return Adversarial(objective, embeddings_of(self, objective.network), self.epsilon)
