"""A model of transformers made smaller in place: fewer blocks, heads, feed-forward columns, a narrower state.

What is left has a shape that the configuration can say, so that plain transformers reads it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from burnish.core.errors import InputError

PLACE = "distil.student"
LAYERS = ("num_hidden_layers", "n_layers", "n_layer", "num_layers")
HEADS = ("num_attention_heads", "n_heads", "n_head")
MIDDLE = ("intermediate_size", "hidden_dim", "encoder_ffn_dim")
QUERY = re.compile(r"(^|\.)(query|q_proj|q_lin|q)$")
KEY = re.compile(r"(^|\.)(key|k_proj|k_lin|k)$")
VALUE = re.compile(r"(^|\.)(value|v_proj|v_lin|v)$")
RESULT = re.compile(r"(^|\.)(attention\.output\.dense|attn\.o|o_proj|out_proj|out_lin|self_attn\.dense)$")
ENTERS = re.compile(r"(^|\.)(intermediate\.dense|lin1|fc1|up_proj|gate_proj)$")
LEAVES = re.compile(r"(^|\.)(output\.dense|lin2|fc2|down_proj)$")


def keep_layers(model: Any, stack: nn.ModuleList, keep: int, *, names: Sequence[str] = LAYERS) -> list[int]:
    """Leave only some of the blocks of a stack, evenly spaced, the first and the last among them.

    Args:
        model: of the library; its configuration is changed too.
        stack: the blocks.
        keep: how many stay.
        names: of which the first that the configuration has says how many there are.

    Returns:
        The numbers of those that stay.

    Raises:
        InputError: there are fewer, or the configuration does not say how many there are.
    """
    have = len(stack)
    if keep > have:
        raise cannot(f"{keep} blocks of {have}", f"at most {have}", "layers")
    chosen = evenly(have, keep)
    config = counting(model.config, names)
    kept = [stack[number] for number in chosen]
    del stack[:]
    stack.extend(kept)
    setattr(config[0], config[1], keep)
    for name in ("layer_types", "mlp_layer_types", "no_rope_layers"):
        if isinstance(listed := getattr(config[0], name, None), list) and len(listed) == have:
            setattr(config[0], name, [listed[number] for number in chosen])
    for number, block in enumerate(stack):
        parts: list[Any] = list(block.modules())
        for module in parts:
            if isinstance(getattr(module, "layer_idx", None), int):
                module.layer_idx = number
    return chosen


def evenly(have: int, keep: int) -> list[int]:
    """The numbers of so many of the blocks, evenly spaced, the first and the last among them; of one, the last."""
    return [have - 1] if keep == 1 else [round(i * (have - 1) / (keep - 1)) for i in range(keep)]


def keep_heads(model: Any, stack: nn.ModuleList, keep: int) -> None:
    """Leave as many heads of attention in each block, those with the largest values and results.

    Heads that share keys and values stay or go together.

    Raises:
        InputError: there are fewer, some would lose their keys, or the configuration cannot say how wide a head is.
    """
    config, name = counting(model.config, HEADS)
    have = int(getattr(config, name))
    groups = int(getattr(config, "num_key_value_heads", None) or have)
    each = have // groups
    if keep > have or keep % each:
        raise cannot(f"{keep} heads of {have}", f"a multiple of {each}, at most {have}", "heads")
    if getattr(config, "head_dim", None) is None:
        found = f"fewer heads in {type(model).__name__}, whose config.json has no head_dim"
        raise cannot(found, "width, which takes heads with it; feed_forward or layers", "heads")
    for block in stack:
        parts = attention_parts(block)
        size = parts["key"].out_features // groups
        strength = norms(parts["value"].weight, size) * norms(parts["result"].weight.T, size * each)
        chosen = strongest(strength, keep // each)
        take_outputs(parts["query"], of_groups(chosen, size * each))
        take_inputs(parts["result"], of_groups(chosen, size * each))
        for part in ("key", "value"):
            take_outputs(parts[part], of_groups(chosen, size))
    setattr(config, name, keep)
    if hasattr(config, "num_key_value_heads"):
        config.num_key_value_heads = keep // each


def keep_columns(model: Any, stack: nn.ModuleList, keep: int) -> None:
    """Leave as many columns in the middle of each feed-forward part, those with the largest weights before and behind.

    Raises:
        InputError: there are fewer, or the parts of a block are not known.
    """
    config, name = counting(model.config, MIDDLE)
    have = int(getattr(config, name))
    if keep > have:
        raise cannot(f"{keep} columns of {have}", f"at most {have}", "feed_forward")
    for block in stack:
        enters, leaves = feed_forward(block)
        rows = strongest(column_strengths(enters, leaves), keep)
        for layer in enters:
            take_outputs(layer, rows)
        take_inputs(leaves, rows)
    setattr(config, name, keep)


def feed_forward(block: nn.Module) -> tuple[list[nn.Linear], nn.Linear]:
    """The layers that enter the middle of a block's feed-forward part, and the one that leaves it.

    Raises:
        InputError: they are not known by their names.
    """
    linear = {path: m for path, m in block.named_modules() if isinstance(m, nn.Linear)}
    enters = [layer for path, layer in linear.items() if ENTERS.search(path)]
    wide = {layer.out_features for layer in enters}
    leaves = [m for path, m in linear.items() if LEAVES.search(path) and {m.in_features} == wide and m not in enters]
    if not enters or len(leaves) != 1:
        raise cannot(
            f"the feed-forward part of {type(block).__name__}", "blocks as those of BERT or Llama", "feed_forward"
        )
    return enters, leaves[0]


def column_strengths(enters: Sequence[nn.Linear], leaves: nn.Linear) -> Tensor:
    """[columns] of the middle: the norms of what enters them times that of what leaves."""
    strength = leaves.weight.detach().float().norm(dim=0)
    for layer in enters:
        strength = strength * layer.weight.detach().float().norm(dim=1)
    return cast(Tensor, strength)


def strongest(strengths: Tensor, keep: int) -> Tensor:
    """int64 [keep], where the largest are, in order."""
    return torch.topk(strengths, keep).indices.sort().values


def take_outputs(layer: nn.Linear, rows: Tensor) -> None:
    """Leave only these outputs of a layer."""
    layer.weight = nn.Parameter(layer.weight.detach()[rows].clone())
    if layer.bias is not None:
        layer.bias = nn.Parameter(layer.bias.detach()[rows].clone())
    layer.out_features = len(rows)


def take_inputs(layer: nn.Linear, columns: Tensor) -> None:
    """Leave only these inputs of a layer."""
    layer.weight = nn.Parameter(layer.weight.detach()[:, columns].clone())
    layer.in_features = len(columns)


def attention_parts(block: nn.Module) -> dict[str, nn.Linear]:
    """Query, key, value and result of a block's own attention.

    Raises:
        InputError: they are not known by their names.
    """
    linear = {path: m for path, m in block.named_modules() if isinstance(m, nn.Linear)}
    wanted = {"query": QUERY, "key": KEY, "value": VALUE, "result": RESULT}
    found = {part: [m for path, m in linear.items() if pattern.search(path)] for part, pattern in wanted.items()}
    if any(len(layers) != 1 for layers in found.values()):
        raise cannot(f"the attention of {type(block).__name__}", "blocks as those of BERT or Llama", "heads")
    return {part: layers[0] for part, layers in found.items()}


def norms(weight: Tensor, size: int) -> Tensor:
    """[groups] norms of so many rows each."""
    rows = weight.detach().float()
    return cast(Tensor, rows.reshape(-1, size * rows.shape[1]).norm(dim=1))


def of_groups(groups: Tensor, size: int) -> Tensor:
    """int64, the places of groups of so many."""
    return (groups[:, None] * size + torch.arange(size, device=groups.device)).flatten()


def counting(config: Any, names: Sequence[str]) -> tuple[Any, str]:
    """The configuration, or the part of it for texts, that has one of these names, and which.

    Raises:
        InputError: it has none of them.
    """
    for part in (config, getattr(config, "text_config", None)):
        if part is not None and (name := next((n for n in names if hasattr(part, n)), None)):
            return part, name
    raise cannot(f"config.json says none of {', '.join(names)}", "an architecture that says its size", "")


def cannot(found: str, expected: str, field: str) -> InputError:
    """The error for what cannot be cut."""
    return InputError(
        f"this network cannot be made smaller so: {found}",
        expected=expected,
        fix="change distil.student, or name a smaller `model` in its place",
        place=f"{PLACE}.{field}".rstrip("."),
    )
