"""torch's Muon and torch's AdamW as one optimizer: one list of groups, one state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


class MuonWithAdamW(torch.optim.Optimizer):
    """Groups marked `algorithm: muon` are stepped by torch.optim.Muon, the others by torch.optim.AdamW.

    Both work on this optimizer's own groups and state, so that schedules scale every rate, and what is saved and
    loaded is one ordinary `state_dict`.

    Args:
        groups: torch parameter groups, each with `algorithm`: "muon" (matrices only) or "adamw".
        muon: settings of torch.optim.Muon.
        adamw: settings of torch.optim.AdamW.
    """

    def __init__(self, groups: list[dict[str, Any]], muon: dict[str, Any], adamw: dict[str, Any]) -> None:
        super().__init__(groups, {})
        self._parts: dict[str, torch.optim.Optimizer] = {}
        for algorithm, make, settings in (("muon", torch.optim.Muon, muon), ("adamw", torch.optim.AdamW, adamw)):
            chosen = self._groups_of(algorithm)
            if chosen:
                part = make(chosen, **settings)
                # torch has filled the settings into copies of these groups; from here on both are the same objects.
                for group, filled in zip(chosen, part.param_groups, strict=True):
                    group.update(filled)
                self._parts[algorithm] = part
        self._join()

    def _groups_of(self, algorithm: str) -> list[dict[str, Any]]:
        return [group for group in self.param_groups if group["algorithm"] == algorithm]

    def _join(self) -> None:
        for algorithm, part in self._parts.items():
            part.param_groups = self._groups_of(algorithm)
            part.state = self.state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As torch's; loading replaces groups and state, so the two parts are joined to the new ones."""
        super().load_state_dict(state_dict)
        self._join()

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step of both; parameters without a gradient stay as they are."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for part in self._parts.values():
            part.step()
        return loss
