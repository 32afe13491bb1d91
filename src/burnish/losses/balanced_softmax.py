from __future__ import annotations

from burnish.losses._priors import WithPrior


class BalancedSoftmax(WithPrior):
    """Cross-entropy under a softmax that weighs each class by its frequency, so that the logits need not learn it.

    Ren et al. 2020 (arXiv 2007.10740), equation 3. It is `logit_adjusted` with tau 1, under the name it is asked for by.
    """

    @property
    def strength(self) -> float:
        """Once."""
        return 1.0
