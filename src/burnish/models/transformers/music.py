"""MusicGen of transformers: a text encoder, a decoder with a head for each codebook, and a codec that is carried along."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from burnish.core.network import Generating, Inseparable, Network, Tensors
from burnish.models.transformers.decoder_ids import decoder_ids
from burnish.models.transformers.growing import growing
from burnish.models.transformers.network import TransformersNetwork

FROZEN = ("text_encoder.", "audio_encoder.")
"""Parts that never learn: MusicGen was trained on top of them as they are."""
_BLOCK = re.compile(r"(?:^|\.)decoder\.layers\.(\d+)\.")
_LATE = re.compile(r"lm_heads|decoder\.layer_norm")


@dataclass(frozen=True)
class _Cache:
    """What is remembered of B rows.

    Attributes:
        past: the library's keys and values, of B rows, or of 2 B where they are guided: with the caption, then without.
        states, mask: [B or 2 B, L, D] and int64 [B or 2 B, L], what the decoder is told.
        guided: whether rows are there twice.
    """

    past: Any
    states: torch.Tensor
    mask: torch.Tensor
    guided: bool


class MusicWriter(TransformersNetwork, Generating):
    """Codes of a recording from its caption: a logit for each code of each codebook, at each step.

    Codebooks are written late by their delays, which inputs and truth have already (`media.codec.delay`). Text encoder and
    codec are frozen and always in eval mode; the codec is not used here, and is saved with the rest.
    """

    def __init__(
        self, model: nn.Module, *, notes: Sequence[str] = (), seed: int = 0, origin: str | None = None
    ) -> None:
        super().__init__(model, element=True, notes=notes, seed=seed, origin=origin)
        self.fresh_head = False
        self._blocks = 1 + max(int(m[1]) for name, _ in model.named_parameters() if (m := _BLOCK.search(name)))
        for name, parameter in self.named_parameters():
            if not self.learns(name):
                parameter.requires_grad_(False)

    @property
    def vocabulary(self) -> nn.Module | None:
        """None: there are several heads, none of which shares its matrix."""
        return None

    @property
    def layers(self) -> int:
        """Blocks of the decoder."""
        return self._blocks

    def learns(self, parameter: str) -> bool:
        """All but the text encoder and the codec."""
        return not parameter.removeprefix("model.").startswith(FROZEN)

    def depth(self, parameter: str) -> int:
        """0 for what the decoder reads, then its blocks; the heads came with the checkpoint and are as old as the last."""
        name = parameter.removeprefix("model.")
        if not self.learns(parameter):
            return 0
        if match := _BLOCK.search(name):
            return int(match[1]) + 1
        return self.layers if _LATE.search(name) else 0

    def head_modules(self) -> list[str]:
        """None: no module is fresh."""
        return []

    def untouched(self) -> Network | None:
        """None: it is read again."""
        return None

    def train(self, mode: bool = True) -> MusicWriter:
        """Only what learns is in train mode: dropout inside the frozen text encoder would blur captions."""
        super().train(mode)
        for part in FROZEN:
            self.model.get_submodule(part.rstrip(".")).eval()
        return self

    def told(self, **inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What the decoder is told of captions: states [B, L, D], 0 without a caption, and int64 [B, L], what it may see.

        Rows whose `conditioned` is 0 have states of zeros at all places, as generation without a caption has them. All of
        these are seen: what is read of zeros is 0 (no projection has a bias), and a row of which nothing is seen is not
        defined.
        """
        mask = inputs["attention_mask"]
        with torch.no_grad():
            states = self.model.text_encoder(input_ids=inputs["input_ids"], attention_mask=mask).last_hidden_state
        if hasattr(self.model, "enc_to_dec_proj"):
            states = self.model.enc_to_dec_proj(states)
        conditioned = inputs.get("conditioned", torch.ones_like(mask[:, 0])).to(mask.dtype)[:, None]
        return states * (mask * conditioned)[..., None].to(states.dtype), torch.where(conditioned > 0, mask, 1)

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        """Logits [B, T, K, V] of the codes at each step, of which `decoder_input_ids` [B, K, T] are those before it."""
        shown = _shown(inputs)
        states, mask = self.told(**inputs)
        logits, _ = self._decoded(states, mask, shown, None, remember=False)
        return logits.transpose(1, 2)

    def features(self, **inputs: torch.Tensor) -> torch.Tensor:
        """What the decoder is told of captions [B, L, D]."""
        return self.told(**inputs)[0]

    def place_states(self, **inputs: torch.Tensor) -> torch.Tensor:
        """Not told: there are several heads."""
        raise Inseparable("each codebook has a head of its own")

    def step(self, inputs: Tensors, ids: torch.Tensor | None, cache: Any) -> tuple[torch.Tensor, Any]:
        """Logits [B, 1, K, V] of the next codes, and the cache; [B, 2, K, V], with the caption and without it, of `guided` rows.

        Args:
            inputs, cache: as of every network that writes.
            ids: int64 [B, K]: the codes that were chosen last; None at the beginning.
        """
        if ids is None:
            cache = self._begun(inputs)
            filler = int(self.model.config.decoder.pad_token_id)
            ids = torch.full((len(inputs["input_ids"]), self._codebooks), filler, device=cache.states.device)
        twice = torch.cat([ids, ids]) if cache.guided else ids
        logits, past = self._decoded(cache.states, cache.mask, twice[:, :, None], cache.past, remember=True)
        if cache.past is None and hasattr(past, "self_attention_cache"):
            growing(past.self_attention_cache)
        last = logits[:, :, -1]
        with_and_without = torch.stack(last.chunk(2), dim=1) if cache.guided else last[:, None]
        return with_and_without, _Cache(past, cache.states, cache.mask, cache.guided)

    def picked(self, cache: Any, rows: torch.Tensor) -> Any:
        """The cache of these rows."""
        places = torch.cat([rows, rows + len(cache.states) // 2]) if cache.guided else rows
        cache.past.reorder_cache(places)
        return _Cache(cache.past, cache.states[places], cache.mask[places], cache.guided)

    @property
    def _codebooks(self) -> int:
        return int(self.model.config.decoder.num_codebooks)

    def _begun(self, inputs: Tensors) -> _Cache:
        states, mask = self.told(**inputs)
        guided = "guided" in inputs
        if guided:
            states, mask = torch.cat([states, torch.zeros_like(states)]), torch.cat([mask, torch.ones_like(mask)])
        return _Cache(None, states, mask, guided)

    def _decoded(
        self, states: torch.Tensor, mask: torch.Tensor, shown: torch.Tensor, past: Any, *, remember: bool
    ) -> tuple[torch.Tensor, Any]:
        """Logits [B, K, T, V] behind codes [B, K, T], and what is remembered."""
        given: dict[str, Any] = {"use_cache": remember, **({"cache": past} if remember else {})}
        out = self.model.decoder(
            input_ids=shown.flatten(0, 1), encoder_hidden_states=states, encoder_attention_mask=mask, **given
        )
        return out.logits.unflatten(0, shown.shape[:2]), getattr(out, "cache", None)


def _shown(inputs: Tensors) -> torch.Tensor:
    return decoder_ids(inputs, writes="codes", before="codes", decoder="codebooks")


def writes_codes(model: nn.Module) -> bool:
    """Whether a model of transformers is MusicGen with its text encoder and codec."""
    return type(model).__name__ == "MusicgenForConditionalGeneration"
