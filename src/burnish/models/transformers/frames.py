"""Networks of transformers that answer for each frame of a sound (CTC)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, cast

import torch
from torch import nn

from burnish.core.network import Network
from burnish.models.transformers.accepting import accepted
from burnish.models.transformers.hearing import encoded_by
from burnish.models.transformers.network import TransformersNetwork


class FrameNetwork(TransformersNetwork):
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
        if self._whisper:
            return cast(torch.Tensor, self.model.classifier(self.model.projector(self._states(inputs))))
        logits: torch.Tensor = self.model(**accepted(inputs, self._accepts, self.model.dtype)).logits
        return logits

    def features(self, **inputs: torch.Tensor) -> torch.Tensor:
        """The body's states [B, L, D]."""
        return self._states(inputs) if self._whisper else super().features(**inputs)

    def place_states(self, **inputs: torch.Tensor) -> torch.Tensor:
        """The body's state at each frame."""
        return self._states(inputs) if self._whisper else super().place_states(**inputs)

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
        mask = inputs.get("attention_mask")
        if mask is None:
            return None
        lengths = mask.sum(-1)
        if self._whisper:
            return (lengths + 1) // 2
        return cast(torch.Tensor, self.model._get_feat_extract_output_lengths(lengths)).long()

    def _states(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        return encoded_by(self.model, inputs).states


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
