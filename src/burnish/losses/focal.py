from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from burnish.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor


class Focal(Loss):
    """Cross-entropy that fades for elements already predicted well: -(1 - p)^gamma log p, p the probability of the label.

    Lin et al. 2017 (arXiv 1708.02002). With gamma 0 it is cross-entropy. The paper's alpha is a class weight and is set
    by `class_weights`. Known trap: probabilities trained with it are under-confident, so calibrate before thresholds.
    """

    targets: ClassVar[tuple[str, ...]] = ("label", "labels", "tags")
    gamma: float = Field(2.0, ge=0, description="How fast well-predicted elements fade; 0 is plain cross-entropy.")

    def elements(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Softmax form for class numbers ([B, C] with [B], [B, L, C] with [B, L]); sigmoid form where shapes are equal."""
        from torch.nn.functional import logsigmoid

        margin = _against_rest(logits, targets) if logits.ndim == targets.ndim + 1 else _signed(logits, targets)
        losses = -logsigmoid(margin)
        # 1 - p = sigmoid(-margin): through its log, so that neither value nor gradient breaks where p rounds to 1.
        return losses * (self.gamma * logsigmoid(-margin)).exp() if self.gamma else losses


def _signed(logits: Tensor, targets: Tensor) -> Tensor:
    """The logit of the truth of each yes or no."""
    return logits * (2 * targets.to(logits.dtype) - 1)


def _against_rest(logits: Tensor, targets: Tensor) -> Tensor:
    """The logit of "the true class" against "any other": sigmoid of it is the softmax probability of the truth."""
    truth = targets.long().unsqueeze(-1)
    rest = logits.scatter(-1, truth, float("-inf")).logsumexp(-1)
    return logits.gather(-1, truth).squeeze(-1) - rest
