"""What a recipe changes in the shape of an image network: its batch norms, and its head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from burnish.core.errors import InputError
from burnish.models import Head
from burnish.models._batch_norms import BatchNorms, require_batch_norms, to_group_norms
from burnish.models._head_layers import put_head, require_single

if TYPE_CHECKING:
    from torch import nn

POOLINGS = {"mean": "avg", "max": "max", "first": "token"}
"""Ways of pooling by timm's names."""


def converted_before(model: nn.Module, config: Mapping[str, Any]) -> None:
    """Group norms in a fresh module where the weights that are about to be read have them."""
    if dict(config.get("burnish") or {}).get("batch_norms") == "group":
        to_group_norms(model)


def shaped(
    model: nn.Module, paths: Sequence[str], head: Head | None, batch_norms: BatchNorms | None, outputs: int, seed: int
) -> list[str]:
    """Change a network that holds its pretrained weights; notes.

    Args:
        model: the library's module.
        paths: of the layers that give logits.
        head: None leaves it.
        batch_norms: group: made group norms.
        outputs: logits.
        seed: of a fresh head.
    """
    notes = []
    if batch_norms == "group":
        require_batch_norms(model)
        count = to_group_norms(model)
        notes.append(f"{count} batch norms are group norms with the same weights now; their statistics are gone")
    if head is not None:
        notes.append(put_head(model, require_single(model, paths, head), head, outputs, seed))
    return notes


def reshaped(model: nn.Module, paths: Sequence[str], config: Mapping[str, Any], outputs: int) -> None:
    """A fresh module in the shape that a run has saved."""
    converted_before(model, config)
    if (head := saved_head(config)) is not None:
        put_head(model, require_single(model, paths, head), head.saved(), outputs, 0)


def saved_head(config: Mapping[str, Any]) -> Head | None:
    """The deeper head of a saved network; None where it has the library's own."""
    settings = dict(config.get("burnish") or {}).get("head")
    return None if settings is None else Head.model_validate(settings)


def shape_facts(head: Head | None, batch_norms: BatchNorms | None) -> dict[str, Any]:
    """What config.json says of it, so that it is built again in the same shape; nothing where nothing was changed."""
    found: dict[str, Any] = {} if head is None else {"head": head.model_dump()}
    return found | ({"batch_norms": "group"} if batch_norms == "group" else {})


def pooled(model: Any, head: Head | None, outputs: int) -> Any:
    """A fresh module of timm that pools as the head asks; the module itself where it does not ask.

    Raises:
        InputError: timm has no such way, or the architecture has not.
    """
    if head is None or head.pooling is None:
        return model
    try:
        model.reset_classifier(outputs, global_pool=POOLINGS[head.pooling])
    except (KeyError, AssertionError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise InputError(
            f"{type(model).__name__} of timm does not pool by {head.pooling}",
            expected="head.pooling: mean, max or (where there is a class token) first",
            fix="leave head.pooling out",
            place="head.pooling",
        ) from error
    return model
