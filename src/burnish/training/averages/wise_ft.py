from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, field_validator

from burnish.training.averages import AfterTraining, Trained
from burnish.training.technique import Chosen, refused

if TYPE_CHECKING:
    from burnish.training.averages import Weights


class WiseFt(AfterTraining):
    """Weights between the pretrained and the fine-tuned ones, as far along as validates best.

    WiSE-FT (Wortsman et al., 2022, arXiv 2109.01903), which is about rows unlike the training rows. The head has no
    pretrained weights and stays as it was learned.
    """

    needs_start: ClassVar[bool] = True
    off: ClassVar[dict[str, list[float]]] = {"shares": [1.0]}
    shares: list[float] = Field(
        [1.0, 0.9, 0.8, 0.7, 0.6, 0.5],
        min_length=1,
        description="How far from the pretrained to the fine-tuned weights; each is tried on validation. 1: fine-tuned.",
    )

    @field_validator("shares")
    @classmethod
    def _between(cls, value: list[float]) -> list[float]:
        if not all(0 <= share <= 1 for share in value):
            raise ValueError("shares lie between 0 and 1")
        return value

    def check(self, chosen: Chosen) -> None:
        """That weights of the body go from somewhere to somewhere."""
        adapter = chosen.adapter.kind()
        if adapter == "head_only":
            raise refused(self, "with adapter 'head_only' the body stays at its pretrained weights", place="averaging")
        if adapter == "lora":
            why = "with adapter 'lora' the pretrained weights stay, and what is between is a smaller update"
            raise refused(self, why, place="averaging", fix="a smaller adapter.alpha")
        if getattr(chosen.model, "random_weights", False):
            raise refused(self, "the network begins at random weights", place="averaging")

    def chosen(self, trained: Trained) -> tuple[Weights, str]:
        """The weights, and how far along they are; of equals those nearest to the fine-tuned ones."""
        from burnish.training.interpolation import between

        found = []
        for share in sorted(self.shares, reverse=True):
            weights = between(trained.start, trained.best, share)
            found.append((trained.score(weights), share, weights))
        _, share, weights = max(found, key=lambda one: one[:2])
        return weights, f"{share:.0%} of the way from the pretrained to the fine-tuned weights"
