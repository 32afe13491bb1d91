"""What a recipe may do about overfitting and the like beside the plain loop. Each technique is a file of its axis.

One law for all: a technique with its `off` settings is not there. Every bit of the run is as if nobody had named it, which
`tests/contracts/test_techniques.py` proves for each file of each axis of techniques.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from burnish.core.component import Component
from burnish.core.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from burnish.adapters import Adapter
    from burnish.core.network import Network
    from burnish.data.mixing import Mixing
    from burnish.data.samplers import Sampler
    from burnish.inputs import Input
    from burnish.losses import Loss
    from burnish.models import Model
    from burnish.targets import Target
    from burnish.training.objective import ObjectiveModule
    from burnish.training.objectives import Objective
    from burnish.training.step_part import StepPart


@dataclass(frozen=True)
class Chosen:
    """What else a recipe chooses, for techniques that do not go with everything; each field as in a settled recipe."""

    input: Input
    target: Target
    model: Model
    adapter: Adapter
    loss: Loss
    objective: Objective
    sampler: Sampler
    mixing: Mixing | None
    precision: str


class Technique(Component):
    """A remedy that joins in while a network learns.

    Class attributes:
        off: settings at which it does nothing. A run with them equals one without it bit for bit.
        inside: whether it acts inside the body of the network, which must then compute in each step.
        draws: whether what it does hangs on random numbers, its own or those of dropout.
        passes: whether it decides how often a batch goes through the network; at most one technique of a run does.
    """

    off: ClassVar[Mapping[str, Any]]
    inside: ClassVar[bool] = False
    draws: ClassVar[bool] = False
    passes: ClassVar[bool] = False

    @property
    def is_off(self) -> bool:
        """Whether these settings are those at which it does nothing."""
        return all(getattr(self, name) == value for name, value in self.off.items())

    def complete(self, progress: float) -> bool:
        """Whether weights after this share of the run are as it wants them: earlier ones are never the best."""
        return True

    def check(self, chosen: Chosen) -> None:
        """That it makes sense beside what else is chosen; asked before any network is built.

        Raises:
            InputError: it does not, with the reason and what to do.
        """

    def around(self, objective: ObjectiveModule, probe: Callable[[], dict[str, Tensor]]) -> ObjectiveModule:
        """The objective with this technique around it; the objective itself where it does nothing there.

        Args:
            objective: network and loss, before it is wrapped for processes and precision.
            probe: gives a few real rows as the network reads them, for what must be tried.

        Raises:
            InputError: the network cannot do it.
        """
        return objective

    def part(self, network: Network, optimizer: Any) -> StepPart | None:
        """What it does at each optimizer step; None where it does nothing there.

        Args:
            network: with its pretrained weights, on its device, adapted.
            optimizer: over `parameter_groups`.

        Raises:
            InputError: the network cannot do it.
        """
        return None


def refused(technique: Technique, why: str, *, place: str, fix: str = "") -> InputError:
    """The error that says why a technique makes no sense here."""
    return InputError(f"{place} {technique.kind()!r}: {why}", fix=fix or f"leave `{place}` out", place=place)
