from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from burnish.core.errors import InputError
from burnish.optimizers import Optimizer
from burnish.optimizers._execution import copied

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class ScheduleFreeAdamW(Optimizer):
    """AdamW that keeps an average of its weights in the place of a falling rate: the run may end at any step.

    Defazio et al. 2024 (arXiv 2405.15682), by the authors' library `schedulefree`. Gradients are taken between the average and
    the newest weights; the average is what is validated, kept in checkpoints as the model, and shipped.
    """

    averages: ClassVar[bool] = True
    beta1: float = Field(
        0.9, gt=0, lt=1, description="How near the average gradients are taken; in the place of momentum."
    )
    beta2: float = Field(0.999, ge=0, lt=1, description="Memory of the mean of squared gradients.")
    epsilon: float = Field(1e-8, gt=0, description="Keeps the division from blowing up.")
    power: float = Field(0.0, ge=0, description="Step k counts k to this power in the average; 0: all steps alike.")

    def build(self, groups: list[dict[str, Any]], learning_rate: float) -> TorchOptimizer:
        """The library's optimizer, in train mode.

        Raises:
            InputError: the library is not installed.
        """
        try:
            from burnish.optimizers._schedule_free import KeptScheduleFree
        except ImportError as error:
            raise InputError(
                "this optimizer needs the package schedulefree",
                fix="pip install 'burnish[schedulefree]'",
                place="optimizer",
            ) from error
        made = KeptScheduleFree(
            copied(groups),
            lr=learning_rate,
            betas=(self.beta1, self.beta2),
            eps=self.epsilon,
            weight_decay=self.weight_decay,
            r=self.power,
        )
        made.train()
        return made
