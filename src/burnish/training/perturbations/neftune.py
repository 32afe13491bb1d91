from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from burnish.training.perturbations import Perturbation
from burnish.training.technique import Chosen, refused

if TYPE_CHECKING:
    from torch import Tensor

    from burnish.training.objective import ObjectiveModule


class Neftune(Perturbation):
    """Uniform noise on the embeddings of texts while they are learned, smaller for longer texts.

    NEFTune (Jain et al., 2023, arXiv 2310.05914): within alpha / sqrt(tokens x width). For language models and encoders;
    `model.neftune_alpha` is the older way to say it.
    """

    off: ClassVar[dict[str, float]] = {"alpha": 0.0}
    inside: ClassVar[bool] = True
    draws: ClassVar[bool] = True
    alpha: float = Field(5.0, ge=0, description="Strength; the paper has 5 to 15. 0: no noise.")

    def check(self, chosen: Chosen) -> None:
        """That there are embeddings, and no noise on them yet."""
        if "text" not in chosen.input.encoder:
            raise refused(self, f"input {chosen.input.kind()!r} has no embeddings of tokens", place="perturbation")
        if chosen.mixing is not None and chosen.mixing.inside:
            why = f"mixing {chosen.mixing.kind()!r} makes embeddings of its own, whose lengths the noise does not know"
            raise refused(self, why, place="perturbation", fix="leave one of both out")
        if getattr(chosen.model, "neftune_alpha", None) is not None:
            raise refused(self, "`model.neftune_alpha` puts the same noise there already", place="perturbation")

    def around(self, objective: ObjectiveModule, probe: Callable[[], dict[str, Tensor]]) -> ObjectiveModule:
        """The objective itself: the noise is put into the network.

        Raises:
            InputError: the network does not say where its embeddings are.
        """
        from burnish.models.transformers.network import TransformersNetwork
        from burnish.models.transformers.noise import EmbeddingNoise
        from burnish.training.perturbations._adversarial import embeddings_of

        embeddings_of(self, objective.network)
        if not isinstance(objective.network, TransformersNetwork):
            why = f"{type(objective.network).__name__} is no network of transformers"
            raise refused(self, why, place="perturbation")
        objective.network.noise = EmbeddingNoise(objective.network.backbone(), self.alpha)
        return objective
