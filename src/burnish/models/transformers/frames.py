"""Networks of transformers that answer for each frame of a sound (CTC)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, cast

import torch
from torch import nn

from burnish.core.network import EncoderApart, Inseparable, Network
from burnish.models._anatomy import body_of
from burnish.models.transformers.accepting import accepted
from burnish.models.transformers.hearing import Heard, natural_states
from burnish.models.transformers.network import TransformersNetwork


class FrameNetwork(TransformersNetwork, EncoderApart):
    """A speech encoder with a head for each frame: [B, L, tokens].

    A model of CTC as it is; of Whisper's encoder the library's model for classes of sounds, whose head is asked before it
    takes the mean over time.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        fresh: Collection[str] = (),
        notes: Sequence[str] = (),
        seed: int = 0,
        origin: str | None = None,
    ) -> None:
        super().__init__(model, element=True, fresh=fresh, notes=notes, seed=seed, origin=origin)
        known = cast(Any, model)
        self._whisper = getattr(known.config, "model_type", "") == "whisper"
        if getattr(known.config, "feat_extract_norm", "") == "group":
            _each_alone(known)

    @property
    def vocabulary(self) -> nn.Module | None:
        """None: the head is drawn for these characters."""
        return None

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        """Logits [B, L, tokens]."""
        if self._whisper or "encoder_states" in inputs:
            return self.place_logits(self._states(inputs))
        logits: torch.Tensor = self.model(**accepted(inputs, self._accepts, self.model.dtype)).logits
        return logits

    def features(self, **inputs: torch.Tensor) -> torch.Tensor:
        """The body's states [B, L, D]."""
        return self._states(inputs)

    def place_states(self, **inputs: torch.Tensor) -> torch.Tensor:
        """The body's state at each frame."""
        return self._states(inputs)

    def place_logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """What the head makes of these states."""
        if self._whisper:
            return cast(torch.Tensor, self.model.classifier(self.model.projector(hidden)))
        return super().place_logits(hidden)

    def untouched(self) -> Network | None:
        """None: it is read again."""
        return None

    def answer_lengths(self, **inputs: torch.Tensor) -> torch.Tensor | None:
        """How many frames of each row are no padding."""
        if "encoder_mask" in inputs:
            return inputs["encoder_mask"].sum(-1)
        mask = inputs.get("attention_mask")
        if mask is None:
            return None
        lengths = mask.sum(-1)
        if self._whisper:
            return (lengths + 1) // 2
        return cast(torch.Tensor, self.model._get_feat_extract_output_lengths(lengths)).long()

    def encoder(self) -> nn.Module:
        """The body."""
        return cast(nn.Module, body_of(self.model))

    def heard(self, **inputs: torch.Tensor) -> Heard:
        """What the body gives for the sounds of a batch; `encoder_states` as they are, where they were kept."""
        if "encoder_states" in inputs:
            return Heard(inputs["encoder_states"].to(self.model.dtype), inputs["encoder_mask"])
        if self._whisper:
            encoder, mask = cast(Any, self.model).encoder, inputs.get("attention_mask")
            features = inputs["input_features"].to(encoder.conv1.weight.dtype)
            return Heard(*natural_states(encoder, features, mask), mask, by_hook=True)
        lengths = self.answer_lengths(**inputs)
        states = super().place_states(**inputs)
        places = torch.arange(states.shape[1], device=states.device)
        return Heard(states, None if lengths is None else (places < lengths[:, None]).long())

    def places(self, length: int, processor: Any) -> int:
        """One for each 20 ms, of Whisper's encoder."""
        if not self._whisper:
            raise Inseparable("how many states the encoder gives is known of Whisper alone")
        return length if processor.masked else int(self.model.config.max_source_positions)

    def _states(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        return self.heard(**inputs).states


def _each_alone(model: Any) -> None:
    """Let a network whose first convolution is normalised over all of a row's time read each row by itself.

    With the others of a batch it would be normalised over the padding as well, and answer otherwise than alone.
    """
    body = getattr(model, model.base_model_prefix)
    extractor = body.feature_extractor
    whole = extractor.forward
    lengths: list[torch.Tensor | None] = [None]

    def told(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        lengths[0] = kwargs.get("attention_mask")

    def forward(values: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        mask = lengths[0]
        if mask is None or bool((mask != 0).all()):
            return cast(torch.Tensor, whole(values, *args, **kwargs))
        rows = [whole(row[None, : int(m.sum())], *args, **kwargs) for row, m in zip(values, mask, strict=True)]
        longest = int(body._get_feat_extract_output_lengths(values.shape[1]))
        return torch.cat([nn.functional.pad(row, (0, longest - row.shape[-1])) for row in rows])

    body.register_forward_pre_hook(told, with_kwargs=True)
    extractor.forward = forward
