"""What encoders of speech give for a batch of sounds of different lengths: of each what it would be alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional as F

from burnish.models.transformers.accepting import accepted
from burnish.models.transformers.network import parameter_names


@dataclass(frozen=True)
class Heard:
    """What an encoder gives.

    Attributes:
        states: [B, L, D].
        mask: int64 [B, L], what of the places is no padding; None: all of it.
        samples: int64 [B, S], the mask of what the network read, for decoders that make their own of it; None without one.
        by_hook: whether the decoder must be shown the mask, because its library has no place for one.
    """

    states: torch.Tensor
    mask: torch.Tensor | None = None
    samples: torch.Tensor | None = None
    by_hook: bool = False

    def picked(self, rows: torch.Tensor) -> Heard:
        """Of these rows."""
        return replace(
            self,
            states=self.states[rows],
            mask=None if self.mask is None else self.mask[rows],
            samples=None if self.samples is None else self.samples[rows],
        )


def encoded_by(model: Any, inputs: dict[str, torch.Tensor]) -> Heard:
    """What the encoder of a model gives; sounds of Whisper as long as they are, where they come with a mask.

    Args:
        model: a model that hears and writes, or hears and answers.
        inputs: what the network reads; the tokens of a decoder are passed over.
    """
    encoder = model.get_encoder() if hasattr(model, "get_encoder") else model.encoder
    mask = inputs.get("attention_mask")
    if getattr(model.config, "model_type", "") == "whisper":
        features = inputs["input_features"].to(encoder.conv1.weight.dtype)
        if mask is None:
            return Heard(encoder(features).last_hidden_state)
        states, seen = natural_states(encoder, features, mask)
        return Heard(states, seen, mask, by_hook=True)
    names = parameter_names(encoder)
    given = accepted({n: v for n, v in inputs.items() if not n.startswith("decoder_")}, names, model.dtype)
    if mask is not None and bool((mask == 0).any()) and any(isinstance(m, nn.GroupNorm) for m in encoder.modules()):
        return _each_alone(encoder, given, mask)
    out = encoder(**given)
    places = getattr(out, "attention_mask", None)
    return Heard(out.last_hidden_state, places if places is not None else mask, mask)


def _each_alone(encoder: nn.Module, given: dict[str, torch.Tensor], mask: torch.Tensor) -> Heard:
    """Of an encoder that is normalised over all of a row's time (Moonshine), row by row: padding would change its answers."""
    alone = [
        encoder(**{name: value[row : row + 1, : int(length)] for name, value in given.items()}).last_hidden_state[0]
        for row, length in enumerate(mask.sum(-1))
    ]
    states = nn.utils.rnn.pad_sequence(alone, batch_first=True)
    lengths = torch.tensor([len(row) for row in alone], device=mask.device)
    seen = torch.arange(states.shape[1], device=mask.device) < lengths[:, None]
    return Heard(states, seen.long(), mask)


def natural_states(
    encoder: nn.Module, features: torch.Tensor, mask: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Whisper's encoder over sounds as long as they are: [B, L, D] states, int64 [B, L] which of them are no padding.

    The library's own modules, over no more positions than there are; a row is what it is alone, because what stands behind
    its end is made 0 before each convolution and hidden from attention.

    Args:
        encoder: the library's.
        features: [B, bands, frames].
        mask: int64 [B, frames]; None: no row is padded.
    """
    known = cast(Any, encoder)
    seen = None if mask is None else mask[:, ::2]
    states = F.gelu(known.conv1(_heard(features, mask)))
    states = F.gelu(known.conv2(_heard(states, mask))).permute(0, 2, 1)
    positions = known.embed_positions.weight[: states.shape[1]]
    states = F.dropout(states + positions, p=known.dropout, training=known.training)
    hidden = None
    if seen is not None and bool((seen == 0).any()):
        hidden = torch.zeros_like(seen, dtype=states.dtype).masked_fill(seen == 0, torch.finfo(states.dtype).min)
        hidden = hidden[:, None, None, :]
    for layer in known.layers:
        if known.training and known.layerdrop > 0 and float(torch.rand([])) < known.layerdrop:
            continue
        out = layer(states, hidden)
        states = out[0] if isinstance(out, tuple) else out
    return known.layer_norm(states), seen


def _heard(values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """[B, D, frames], 0 where there is padding."""
    return values if mask is None else values * mask[:, None].to(values.dtype)
