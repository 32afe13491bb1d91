from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from burnish.training.averages import AfterTraining, Trained

if TYPE_CHECKING:
    from burnish.training.averages import Weights


class GreedySoup(AfterTraining):
    """The mean of those checkpoints of a run that together validate best.

    Greedy soup (Wortsman et al., 2022, arXiv 2203.05482): beginning with the best, each further one is kept if the mean
    with it is no worse on validation. Many validations make many candidates: `validation_steps`.
    """

    off: ClassVar[dict[str, int]] = {"ingredients": 1}
    ingredients: int = Field(
        5, ge=1, le=50, description="Checkpoints that are tried, the best by validation; 1: the best alone."
    )

    @property
    def checkpoints(self) -> int:
        """As many as may be in it."""
        return self.ingredients

    def chosen(self, trained: Trained) -> tuple[Weights, str]:
        """The soup, and of which steps it is."""
        from burnish.training.interpolation import mean

        inside, steps = [trained.best], [trained.best_step]
        soup, reached = trained.best, trained.score(trained.best)
        for step, read in trained.others[: self.ingredients - 1]:
            candidate = read()
            tried = mean([*inside, candidate])
            good = trained.score(tried)
            if good >= reached:
                inside.append(candidate)
                steps.append(step)
                soup, reached = tried, good
        return soup, f"greedy soup of {len(steps)} checkpoints (steps {', '.join(map(str, sorted(steps)))})"
