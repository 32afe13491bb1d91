"""Connectionist temporal classification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from burnish.core.batch import Truth
from burnish.core.terms import Outputs, Terms
from burnish.losses import Loss, in_full

if TYPE_CHECKING:
    from torch import Tensor


class Ctc(Loss):
    """Minus the log probability of a row's transcript over all ways to spread it over its frames (Graves et al., 2006).

    Always in float32. The loss of a row is divided by the characters of all rows, so a long transcript counts for more, and
    several small batches are exactly one large one. Rows with too few frames are infinite: they get no weight before.
    """

    targets: ClassVar[tuple[str, ...]] = ("ctc_transcript",)
    blank: int = Field(0, ge=0, description="The number of the token that stands for nothing; the target's.")

    def weights(self, truth: Truth[Any]) -> Any:
        """[R] the characters of each row that have weight."""
        return truth.weights.sum(-1)

    def terms(self, outputs: Outputs, truth: Truth[Tensor]) -> Terms:
        """[R] the mean over the characters of a row in nats, weighted by how many there are."""
        import torch
        from torch.nn import functional as F

        logits, weights = in_full(outputs.logits), self.weights(truth)
        counts = (truth.weights != 0).sum(-1)
        there = counts > 0
        # What has no weight is not there: not even where the network gives no numbers.
        logits = torch.where(there[:, None, None], logits, 0.0)
        lengths = outputs.lengths
        frames = torch.full_like(counts, logits.shape[1]) if lengths is None else lengths.clamp(max=logits.shape[1])
        chances = logits.log_softmax(-1).transpose(0, 1)
        # A transcript never holds the blank; where rows are padded it stands for a token, which is not counted.
        labels = torch.where(truth.weights != 0, truth.targets, (self.blank == 0) * 1)
        total = F.ctc_loss(chances, labels, frames, counts, self.blank, "none")
        means = torch.where(there, total / counts.clamp(min=1), 0.0)
        return Terms(means, weights, truth.owner[:, 0])
