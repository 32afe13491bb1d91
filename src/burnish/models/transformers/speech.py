"""Networks of transformers that write what was said: an encoder that hears, a decoder that writes on with a cache."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import torch
from torch import nn

from burnish.core.network import Attending, EncoderApart, Generating, Inseparable, Network, Tensors
from burnish.models.transformers.decoder_ids import decoder_ids
from burnish.models.transformers.growing import growing
from burnish.models.transformers.hearing import Heard, encoded_by
from burnish.models.transformers.network import TransformersNetwork

STATE = 0.02
"""Seconds between two states of Whisper's encoder."""
_MEMORIES = ("cache", "past_key_values")
_BLOCK = re.compile(r"(encoder|decoder)\.(?:layers|block|h)\.(\d+)\.")


@dataclass(frozen=True)
class _Cache:
    """What is remembered of B transcripts: keys and values, and what the encoder heard."""

    past: Any
    heard: Heard


class SpeechWriter(TransformersNetwork, Generating, EncoderApart, Attending):
    """An encoder of sounds and a decoder with the checkpoint's own head: a logit for each of its tokens, at each place."""

    def __init__(
        self, model: nn.Module, *, notes: Sequence[str] = (), seed: int = 0, origin: str | None = None
    ) -> None:
        super().__init__(model, element=True, notes=notes, seed=seed, origin=origin)
        self.fresh_head = False
        self._stacks = _stacks(model)
        self._memory = next(name for name in _MEMORIES if name in self._accepts)
        for module in model.modules():  # the decoder of Whisper hears all that its encoder gives, padding as well
            if isinstance(cross := getattr(module, "encoder_attn", None), nn.Module):
                cross.register_forward_pre_hook(self._masked, with_kwargs=True)
        self._seen: torch.Tensor | None = None

    @property
    def vocabulary(self) -> nn.Module | None:
        """The layer of the logits, which is one matrix with the decoder's embeddings in most checkpoints."""
        return cast("nn.Module | None", self.model.get_output_embeddings())

    @property
    def layers(self) -> int:
        """Blocks of encoder and decoder together: those of the decoder are the upper ones."""
        return sum(self._stacks.values())

    def depth(self, parameter: str) -> int:
        """0 for embeddings and what stands before the encoder's blocks, then its blocks, then those of the decoder."""
        name = parameter.removeprefix("model.")
        if match := _BLOCK.search(name):
            stack, number = match[1], int(match[2])
            return number + 1 + (self._stacks["encoder"] if stack == "decoder" else 0)
        if "embed" in name or "conv" in name:
            return 0
        return self._stacks["encoder"] if "encoder." in name else self.layers

    def head_modules(self) -> list[str]:
        """None: no module is fresh."""
        return []

    def untouched(self) -> Network | None:
        """None: it is read again."""
        return None

    @property
    def encoder_layers(self) -> int:
        """Blocks of the encoder."""
        return self._stacks["encoder"]

    def encoder(self) -> nn.Module:
        """The library's encoder."""
        return cast(nn.Module, self.model.get_encoder())

    def heard(self, **inputs: torch.Tensor) -> Heard:
        """What the encoder gives for the sounds of a batch; `encoder_states` as they are, where they were kept."""
        if "encoder_states" in inputs:
            states, mask = self._as_multiplied(inputs["encoder_states"]), inputs["encoder_mask"]
            return Heard(states, mask if bool((mask == 0).any()) else None, mask, by_hook=True)
        return encoded_by(self.model, inputs)

    def _as_multiplied(self, states: torch.Tensor) -> torch.Tensor:
        """In the number type of the decoder's products: under autocast each of its layers would turn them into it anew."""
        kind = states.device.type
        half = torch.is_autocast_enabled(kind) and not states.requires_grad
        return states.to(torch.get_autocast_dtype(kind) if half else self.model.dtype)

    def places(self, length: int, processor: Any) -> int:
        """One for each 20 ms; of full windows as many as a window has."""
        if getattr(self.model.config, "model_type", "") != "whisper":
            raise Inseparable("how many states the encoder gives is known of Whisper alone")
        return length if processor.masked else int(self.model.config.max_source_positions)

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        """Logits [B, T, V] at each place of `decoder_input_ids` [B, T]."""
        return cast(torch.Tensor, self._decoded(self.heard(**inputs), _shown(inputs), None).logits)

    def features(self, **inputs: torch.Tensor) -> torch.Tensor:
        """The encoder's states [B, L, D]."""
        return self.heard(**inputs).states

    def step(self, inputs: Tensors, ids: torch.Tensor | None, cache: Any) -> tuple[torch.Tensor, Any]:
        """Logits [B, V] of the next token, and the cache; at the beginning the decoder reads its prompt."""
        if ids is None:
            heard, shown, past = self.heard(**inputs), _shown(inputs), None
        else:
            heard, shown, past = cache.heard, ids[:, None], cache.past
        out = self._decoded(heard, shown, past, remember=True)
        remembered = getattr(out, self._memory)
        if past is None and hasattr(remembered, "self_attention_cache"):
            growing(remembered.self_attention_cache)
        return out.logits[:, -1], _Cache(remembered, heard)

    def begun(self, inputs: Tensors) -> Tensors:
        """With the encoder's states in place of what it reads, where they are all that the decoder needs of it."""
        if "encoder_states" in inputs:
            return inputs
        heard = self.heard(**inputs)
        if heard.mask is not None and not heard.by_hook:
            return inputs
        mask = torch.ones(heard.states.shape[:2], dtype=torch.long) if heard.mask is None else heard.mask
        kept = {name: value for name, value in inputs.items() if name.startswith("decoder_")}
        return {**kept, "encoder_states": heard.states, "encoder_mask": mask.to(heard.states.device)}

    def picked(self, cache: Any, rows: torch.Tensor) -> Any:
        """The cache of these rows."""
        cache.past.reorder_cache(rows)
        return _Cache(cache.past, cache.heard.picked(rows))

    @property
    def follows_sound(self) -> bool:
        """Of Whisper, whose decoder hears 20 ms at each place."""
        return getattr(self.model.config, "model_type", "") == "whisper"

    def attended(self, inputs: Tensors) -> tuple[torch.Tensor, torch.Tensor, float]:
        """Of Whisper: the heads that its checkpoint names, else all of the upper half of its decoder."""
        seen: dict[int, torch.Tensor] = {}
        layers = self.model.get_decoder().layers
        heads = _heads_that_follow(self.model)
        hooks = [
            layers[layer].encoder_attn.register_forward_pre_hook(partial(_looking, seen, layer), with_kwargs=True)
            for layer in sorted({layer for layer, _ in heads})
        ]
        try:
            logits = self._decoded(self.heard(**inputs), _shown(inputs), None).logits
        finally:
            for hook in hooks:
                hook.remove()
        return torch.stack([seen[layer][:, head] for layer, head in heads], 1), logits, STATE

    def _decoded(self, heard: Heard, shown: torch.Tensor, past: Any, *, remember: bool = False) -> Any:
        from transformers.modeling_outputs import BaseModelOutput

        states = BaseModelOutput(last_hidden_state=heard.states)
        states.attention_mask = None if heard.by_hook else heard.mask  # where the decoder of Moonshine looks for it
        given: dict[str, Any] = {
            "encoder_outputs": states,
            "decoder_input_ids": shown,
            "use_cache": remember,
        }
        if remember:
            given[self._memory] = past
        if not heard.by_hook and heard.mask is not None:
            given["attention_mask"] = heard.samples
        with self._hearing(heard):
            return self.model(**given)

    @contextmanager
    def _hearing(self, heard: Heard) -> Iterator[None]:
        """Let cross-attention see only what is no padding, until the block ends."""
        self._seen = None
        if heard.by_hook and heard.mask is not None:
            least = torch.finfo(heard.states.dtype).min
            self._seen = torch.zeros_like(heard.mask, dtype=heard.states.dtype).masked_fill(heard.mask == 0, least)
            self._seen = self._seen[:, None, None, :]
        try:
            yield
        finally:
            # A checkpointed block is computed again in the backward pass, and must then see the same.
            if not torch.is_grad_enabled():
                self._seen = None

    def _masked(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._seen is None or kwargs.get("attention_mask") is not None:
            return None
        return args, {**kwargs, "attention_mask": self._seen}


def _shown(inputs: Tensors) -> torch.Tensor:
    return decoder_ids(inputs, writes="transcripts", before="tokens", decoder="greedy or beam")


def _heads_that_follow(model: Any) -> list[tuple[int, int]]:
    """Layer and head of each."""
    named = getattr(getattr(model, "generation_config", None), "alignment_heads", None)
    layers, heads = model.config.decoder_layers, model.config.decoder_attention_heads
    if named and all(layer < layers and head < heads for layer, head in named):
        return [(int(layer), int(head)) for layer, head in named]
    return [(layer, head) for layer in range(layers // 2, layers) for head in range(heads)]


def _looking(
    seen: dict[int, torch.Tensor], layer: int, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Keep [B, heads, T, L], what a layer's queries find in the keys, whichever implementation attends."""
    hidden = args[0] if args else kwargs["hidden_states"]
    states = kwargs["key_value_states"] if "key_value_states" in kwargs else args[1]

    def split(values: torch.Tensor) -> torch.Tensor:
        return values.view(*values.shape[:2], module.num_heads, module.head_dim).transpose(1, 2)

    seen[layer] = split(module.q_proj(hidden) * module.scaling) @ split(module.k_proj(states)).transpose(-1, -2)


def _stacks(model: nn.Module) -> dict[str, int]:
    """How many blocks encoder and decoder have."""
    found = {"encoder": 0, "decoder": 0}
    for name, _ in model.named_parameters():
        if match := _BLOCK.search(name):
            found[match[1]] = max(found[match[1]], int(match[2]) + 1)
    return found


def writes_transcripts(model: nn.Module) -> bool:
    """Whether a model of transformers hears and writes."""
    from transformers.models.auto import modeling_auto

    return type(model).__name__ in modeling_auto.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES.values()
