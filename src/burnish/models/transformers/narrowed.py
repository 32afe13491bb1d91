"""An encoder as BERT is, made narrower: the same blocks over a state of fewer numbers."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from burnish.models.transformers.shrunken import (
    HEADS,
    attention_parts,
    cannot,
    counting,
    feed_forward,
    norms,
    of_groups,
    strongest,
    take_inputs,
    take_outputs,
)

NARROWED = ("bert", "roberta", "xlm-roberta")


def narrow(model: Any, stack: nn.ModuleList, width: int) -> None:
    """Leave so many numbers of the state, those in which tokens differ most, and as many heads as fit into them.

    Args:
        model: of the library; its configuration is changed too.
        stack: its blocks.
        width: of the state.

    Raises:
        InputError: another architecture, a wider state, or one that no whole number of heads fits into.
    """
    config = model.config
    if config.model_type not in NARROWED:
        raise cannot(f"a narrower {config.model_type}", "one of " + ", ".join(NARROWED), "width")
    part, name = counting(config, HEADS)
    size = config.hidden_size // getattr(part, name)
    if width > config.hidden_size or width % size:
        raise cannot(f"a state of {width} of {config.hidden_size}", f"a multiple of {size}, as heads are wide", "width")
    rows = strongest(model.get_input_embeddings().weight.detach().float().std(dim=0), width)
    inside = [_narrow_block(block, rows, width // size, size) for block in stack]
    done = {id(layer) for layers in inside for layer in layers}
    for module in model.modules():
        if isinstance(module, nn.Embedding) and module.embedding_dim == config.hidden_size:
            module.weight = nn.Parameter(module.weight.detach()[:, rows].clone())
            module.embedding_dim = width
        elif isinstance(module, nn.LayerNorm) and module.normalized_shape == (config.hidden_size,):
            _narrow_norm(module, rows)
        elif isinstance(module, nn.Linear) and id(module) not in done:
            _narrow_head(module, rows, config.hidden_size)
    setattr(part, name, width // size)
    config.hidden_size = width
    model.tie_weights()  # the logits of a vocabulary may be made by its embeddings


def _narrow_block(block: nn.Module, rows: Tensor, heads: int, size: int) -> list[nn.Linear]:
    """The linear layers of a block, between narrower states and with fewer heads."""
    parts, (enters, leaves) = attention_parts(block), feed_forward(block)
    strength = norms(parts["value"].weight, size) * norms(parts["result"].weight.T, size)
    inner = of_groups(strongest(strength, heads), size)
    for part in ("query", "key", "value"):
        take_inputs(parts[part], rows)
        take_outputs(parts[part], inner)
    take_inputs(parts["result"], inner)
    for layer in (parts["result"], leaves):
        take_outputs(layer, rows)
    for layer in enters:
        take_inputs(layer, rows)
    return [*parts.values(), *enters, leaves]


def _narrow_norm(norm: nn.LayerNorm, rows: Tensor) -> None:
    norm.weight = nn.Parameter(norm.weight.detach()[rows].clone())
    norm.bias = nn.Parameter(norm.bias.detach()[rows].clone())
    norm.normalized_shape = (len(rows),)


def _narrow_head(layer: nn.Linear, rows: Tensor, width: int) -> None:
    """What reads the state outside of the blocks: a pooler, a head."""
    if layer.in_features == width:
        take_inputs(layer, rows)
    if layer.out_features == width:
        take_outputs(layer, rows)
