"""The library's schedule-free AdamW, and what of it stands in its groups and not beside its parameters."""

from __future__ import annotations

from typing import Any, ClassVar

import schedulefree  # type: ignore[import-untyped, unused-ignore]


class KeptScheduleFree(schedulefree.AdamWScheduleFree):  # type: ignore[misc, unused-ignore]
    """As the library has it.

    Attributes:
        kept_in_groups: numbers of each group that change from step to step; a checkpoint holds them.
    """

    kept_in_groups: ClassVar[tuple[str, ...]] = ("k", "weight_sum", "lr_max", "scheduled_lr")

    def step(self, closure: Any = None) -> Any:
        """A step, once there is a gradient: one without any would count in the average."""
        if not any(p.grad is not None for group in self.param_groups for p in group["params"]):
            return None
        return super().step(closure)
