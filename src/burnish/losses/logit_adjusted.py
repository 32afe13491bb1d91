from __future__ import annotations

from pydantic import Field

from burnish.losses._priors import WithPrior


class LogitAdjusted(WithPrior):
    """Cross-entropy in which common classes must win by more: tau times the log frequency is added to each logit.

    Menon et al. 2020 (arXiv 2007.07314), equation 11. With tau 1 its minimum is best for balanced error, where every
    class counts the same; with tau 0 it is cross-entropy. The network alone, without what was added, then answers as if
    all classes were equally common, so nothing may be adjusted a second time after training.
    """

    tau: float = Field(1.0, ge=0, description="How often the log frequency is added; 0 is plain cross-entropy.")

    @property
    def strength(self) -> float:
        """`tau`."""
        return self.tau
