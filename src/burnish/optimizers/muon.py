from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from burnish.core.errors import InputError
from burnish.optimizers import Optimizer
from burnish.optimizers._execution import copied, fused

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class Muon(Optimizer):
    """Orthogonalised momentum for the matrices of the blocks; adamw for embeddings, head, norms and biases.

    Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; rates that match adamw's: Liu et al.
    2025 (arXiv 2502.16982). Weight decay is decoupled in both parts. Networks pretrained with adamw often gain little.
    """

    momentum: float = Field(0.95, ge=0, lt=1, description="Memory of gradients, for the matrices.")
    nesterov: bool = Field(True, description="Look ahead along the momentum.")
    iterations: int = Field(5, ge=1, lt=100, description="Newton-Schulz iterations of the orthogonalisation.")
    rate_scale: Literal["match_rms_adamw", "original", "spectral_unclamped"] = Field(
        "match_rms_adamw",
        description="How the rate of a matrix follows from its shape; match_rms_adamw takes rates made for adamw.",
    )
    beta1: float = Field(0.9, ge=0, lt=1, description="adamw part: memory of the mean of gradients.")
    beta2: float = Field(0.999, ge=0, lt=1, description="adamw part: memory of the mean of squared gradients.")
    epsilon: float = Field(1e-8, gt=0, description="adamw part: keeps the division from blowing up.")

    def build(self, groups: list[dict[str, Any]], learning_rate: float) -> TorchOptimizer:
        """torch.optim.Muon and torch.optim.AdamW as one optimizer.

        The matrices of a group whose `burnish_depth` is 1..`burnish_layers` become a group of their own, in front of
        the rest of it.

        Raises:
            InputError: no matrix of a block is to be trained, so that this would be adamw under another name.
        """
        from burnish.optimizers._muon import MuonWithAdamW

        split = [part for group in copied(groups) for part in _parts(group)]
        if all(part["algorithm"] == "adamw" for part in split):
            raise InputError(
                "muon has no matrix to train: only embeddings, head, norms or biases learn",
                expected="an adapter that trains matrices inside the blocks, such as full or lora",
                fix="write optimizer: adamw",
                place="optimizer",
            )
        adamw_groups = [part for part in split if part["algorithm"] == "adamw"]
        return MuonWithAdamW(
            split,
            muon={
                "lr": learning_rate,
                "weight_decay": self.weight_decay,
                "momentum": self.momentum,
                "nesterov": self.nesterov,
                "ns_steps": self.iterations,
                "adjust_lr_fn": self.rate_scale,
            },
            adamw={
                "lr": learning_rate,
                "betas": (self.beta1, self.beta2),
                "eps": self.epsilon,
                "weight_decay": self.weight_decay,
                "fused": fused(adamw_groups),
            },
        )


def _parts(group: dict[str, Any]) -> list[dict[str, Any]]:
    """A group as one for muon and one for adamw; an empty one is left out. Lists go parameter by parameter."""
    inside = 0 < group["burnish_depth"] <= group["burnish_layers"]
    chosen: dict[str, list[int]] = {"muon": [], "adamw": []}
    for index, parameter in enumerate(group["params"]):
        chosen["muon" if inside and parameter.ndim == 2 else "adamw"].append(index)
    return [
        {
            **{key: [value[i] for i in indices] if isinstance(value, list) else value for key, value in group.items()},
            "algorithm": algorithm,
        }
        for algorithm, indices in chosen.items()
        if indices
    ]
