"""Rows whose embeddings are a mean of two texts: a batch brings both, and how much of each."""

from __future__ import annotations

from typing import Any

import torch

from burnish.core.errors import InputError
from burnish.core.mixed_inputs import OTHER, SHARE
from burnish.core.network import Network, Tensors, modes_kept
from burnish.models.transformers.network import TransformersNetwork


def let_mix(network: Network, probe: Tensors) -> None:
    """Let a network read mixed rows: where a batch has them, their embeddings are mixed before all else.

    Args:
        network: reads token ids.
        probe: a few real rows of different lengths, by which it is tried.

    Raises:
        InputError: it does not read embeddings in the place of token ids.
    """
    backbone: Any = network.backbone()
    try:
        if not isinstance(network, TransformersNetwork):
            raise TypeError(f"{type(network).__name__} is no network of transformers")
        embeddings = backbone.get_input_embeddings()
        _require_the_same(network, embeddings, probe)
    except (TypeError, ValueError, AttributeError, NotImplementedError, KeyError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"mixing 'embedding_mixup' cannot be used with this network: {reason}",
            expected="an encoder that reads embeddings as it reads tokens, such as BERT",
            fix="leave `mixing` out",
            place="mixing",
        ) from error

    def mixed(module: Any, given: tuple[Any, ...], inputs: Tensors) -> tuple[tuple[Any, ...], Tensors] | None:
        if SHARE not in inputs:
            return None
        share = inputs[SHARE][:, None, None]
        values = embeddings(inputs["input_ids"]) * share + embeddings(inputs[OTHER + "input_ids"]) * (1 - share)
        mask = torch.maximum(inputs["attention_mask"], inputs[OTHER + "attention_mask"])
        others = {n: v for n, v in inputs.items() if n not in (SHARE, "input_ids") and not n.startswith(OTHER)}
        return given, {**others, "inputs_embeds": values, "attention_mask": mask}

    network.register_forward_pre_hook(mixed, with_kwargs=True)


@torch.no_grad()
def _require_the_same(network: Network, embeddings: Any, probe: Tensors) -> None:
    with modes_kept(network):
        network.eval()
        plain = network(**probe)
        others = {name: value for name, value in probe.items() if name != "input_ids"}
        embedded = network(**others, inputs_embeds=embeddings(probe["input_ids"]))
    if plain.shape != embedded.shape or not torch.allclose(plain, embedded, rtol=1e-3, atol=1e-4):
        raise ValueError("it answers otherwise when it is given embeddings in the place of tokens")
