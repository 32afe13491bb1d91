"""Which parameters learn at which rate, and which are pulled towards zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from burnish.core.network import Network


def parameter_groups(
    network: Network,
    *,
    learning_rate: float,
    weight_decay: float,
    layer_decay: float = 1.0,
    head_learning_rate: float | None = None,
) -> list[dict[str, Any]]:
    """Torch parameter groups, one for each depth with and without weight decay, from the embeddings up.

    The head learns at `learning_rate` exactly (or at its own), and each level below at `layer_decay` times the one above:
    learning_rate * layer_decay ** (layers + 1 - depth), the embeddings at depth 0. Layer-wise decay is from ULMFiT (Howard
    and Ruder, 2018, arXiv 1801.06146) and ELECTRA (Clark et al., 2020, arXiv 2003.10555).

    Args:
        network: after the adapter's `prepare`: parameters that require no gradient now never will, and are left out.
        learning_rate: of the head; per step, in units of the optimizer.
        weight_decay: of weight matrices and embeddings; biases, norms and all other vectors get 0.
        layer_decay: in (0, 1]; 1 gives all levels one rate.
        head_learning_rate: of the head instead of `learning_rate`.

    Returns:
        Groups with `params`, `lr`, `weight_decay`, and `burnish_depth`, `burnish_layers`, `burnish_scale` (the rate as a
        multiple of `learning_rate`), `burnish_names` and `burnish_decays` (whether these are weight matrices and
        embeddings). The order depends on the network alone.
    """
    layers = network.layers
    undecayed = _norm_parameters(network)
    groups: dict[tuple[int, bool], dict[str, Any]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        depth = network.depth(name)
        decays = parameter.ndim > 1 and not name.endswith("bias") and name not in undecayed
        if (depth, decays) not in groups:
            rate = learning_rate * layer_decay ** (layers + 1 - depth)
            if depth == layers + 1 and head_learning_rate is not None:
                rate = head_learning_rate
            groups[depth, decays] = {
                "params": [],
                "lr": rate,
                "weight_decay": weight_decay if decays else 0.0,
                "burnish_depth": depth,
                "burnish_layers": layers,
                "burnish_scale": rate / learning_rate if learning_rate else layer_decay ** (layers + 1 - depth),
                "burnish_names": [],
                "burnish_decays": decays,
            }
        groups[depth, decays]["params"].append(parameter)
        groups[depth, decays]["burnish_names"].append(name)
    # Weights before biases within a depth.
    return [groups[key] for key in sorted(groups, key=lambda key: (key[0], not key[1]))]


def _norm_parameters(network: nn.Module) -> set[str]:
    """Names of parameters that a norm owns, found by the class's name: libraries bring norms of their own."""
    return {
        f"{path}.{name}" if path else name
        for path, module in network.named_modules()
        if "norm" in type(module).__name__.lower() and not any(True for _ in module.children())
        for name, _ in module.named_parameters(recurse=False)
    }
