"""A transformers model behind the face of `Network`."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn

from burnish.core.network import HeadSplit, Network, Tensors
from burnish.models._anatomy import anatomy, body_of
from burnish.models._first_token import read_first_token_only
from burnish.models.transformers.accepting import accepted
from burnish.models.transformers.noise import EmbeddingNoise

ADAPTER, FACT = "adapter", "burnish_head"
"""Where a folder keeps the low-rank parts; where config.json says what a deeper head is."""
COPIED_UP_TO = 1 << 28  # bytes of weights that are held twice, so that they need not be read twice


class TransformersNetwork(Network):
    """A transformers model with a head, named tensors in and logits out.

    Args:
        model: the library's model, an `AutoModelFor...`.
        element: whether it answers for each element ([B, L, C]) or for each row ([B, C]).
        fresh: names of parameters that were not in the checkpoint; they learn with the head.
        notes: what was decided while loading, in words.
        seed: what the fresh parameters were drawn from; adapters draw theirs from it too.
        origin: the hub name the body came from, written into a saved adapter; None for a local folder.

    Class attributes:
        reads_first: whether the head may read the first token alone, so that the last block need not compute others.
    """

    reads_first: ClassVar[bool] = True

    def __init__(
        self,
        model: nn.Module,
        *,
        element: bool,
        fresh: Collection[str] = (),
        notes: Sequence[str] = (),
        seed: int = 0,
        origin: str | None = None,
    ) -> None:
        super().__init__()
        self.model: Any = model
        self.element = element
        self.notes = list(notes)
        self.seed = seed
        self.origin = origin
        body: Any = body_of(model)
        self._anatomy = anatomy(model, body, frozenset(fresh))
        self._accepts = parameter_names(model)
        self._body_accepts = parameter_names(body)
        reads_texts = self.reads_first and not element and "input_ids" in self._accepts
        self._first_token = read_first_token_only(model) if reads_texts else None
        self.noise: EmbeddingNoise | None = None

    @property
    def vocabulary(self) -> nn.Module | None:
        """Of a network that fills gaps, the layer of the logits; None where the head is of classes."""
        layer: nn.Module | None = self.model.get_output_embeddings() if self.element else None
        return layer

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        """Logits: [B, C], or [B, L, C] for element tasks; inputs the architecture has no use for are left out."""
        inputs = self._read(inputs)
        logits: torch.Tensor = self.model(**accepted(inputs, self._accepts, self.model.dtype)).logits
        return logits

    def features(self, **inputs: torch.Tensor) -> torch.Tensor:
        """The body's last hidden states: their mean over unmasked tokens or places [B, D], or all of them [B, L, D]."""
        from burnish.models.transformers.split import mean_state

        body, inputs = body_of(self.model), self._read(inputs)
        with self._every_token():
            states: torch.Tensor = body(**accepted(inputs, self._body_accepts, self.model.dtype)).last_hidden_state
        return states if self.element else mean_state(body, states, inputs)

    @property
    def width(self) -> int:
        """Of the body's states."""
        return int(self.model.config.hidden_size)

    def with_states(self, **inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, and the first token's last state where the head reads no other, else the mean over unmasked tokens."""
        from burnish.models.transformers.split import mean_state

        body, seen = body_of(self.model), []
        handle = body.register_forward_hook(lambda module, given, output: seen.append(output[0]))
        try:
            logits = self.forward(**inputs)
        finally:
            handle.remove()
        first = self._first_token is not None
        return logits, seen[0][:, 0] if first else mean_state(body, seen[0], inputs)

    def place_states(self, **inputs: torch.Tensor) -> torch.Tensor:
        """The body's last state at each place, [B, L, D].

        Raises:
            Inseparable: one answer for each row.
        """
        from burnish.models.transformers.split import states_of_places

        return states_of_places(self, self._read(inputs))

    def place_logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """What the library's own `forward` makes of these states, its scale and soft cap included."""
        from burnish.models.transformers.split import logits_of_places

        return logits_of_places(self, hidden)

    def untouched(self) -> Network | None:
        """A copy of a small network that reads texts; others may hold functions that are bound to their own parts."""
        size = sum(p.numel() * p.element_size() for p in self.parameters())
        return copy.deepcopy(self) if "input_ids" in self._accepts and size <= COPIED_UP_TO else None

    def head_split(self, **inputs: torch.Tensor) -> HeadSplit:
        """Body and head apart, found on some rows.

        Raises:
            Inseparable: one answer for each element, or a head that reads more than one state of a row.
        """
        from burnish.models.transformers.split import head_split

        return head_split(self, inputs)

    def _read(self, inputs: Tensors) -> Tensors:
        """What the library's model is given; noise on the embeddings takes note of how long rows are."""
        if self.noise is not None:
            self.noise.reads(inputs)
        return inputs

    @contextmanager
    def _every_token(self) -> Iterator[None]:
        """The last block's states of all tokens, also where the head reads but the first."""
        if self._first_token is not None:
            self._first_token.active = False
        try:
            yield
        finally:
            if self._first_token is not None:
                self._first_token.active = True

    def depth(self, parameter: str) -> int:
        """0 for embeddings, 1..layers for blocks (final norm and pooler with the last), layers + 1 for the head."""
        return self._anatomy.depth(parameter.removeprefix("model."))

    @property
    def layers(self) -> int:
        """How many blocks the body has; parameters shared by all blocks (ALBERT) count as one."""
        return self._anatomy.layers

    def backbone(self) -> nn.Module:
        """The transformers model, head included."""
        model: nn.Module = self.model
        return model

    def head_modules(self) -> list[str]:
        """Paths in `backbone()` of the modules that learn as the head, the outermost each."""
        backbone = body_of(self.model)
        body = next((path for path, module in self.model.named_modules() if module is backbone), "")
        modules: dict[str, None] = {}
        for name, _ in self.model.named_parameters():
            if self._anatomy.depth(name) != self.layers + 1:
                continue
            parts = name.split(".")
            # A pooler inside the body is named with the body: `bert.pooler`.
            inside = len(body.split(".")) if body and name.startswith(f"{body}.") else 0
            modules[".".join(parts[: inside + 1])] = None
        return list(modules)

    def save(self, folder: Path) -> None:
        """Write a plain transformers folder; unmerged low-rank parts are merged into it in float32.

        The parts themselves, with the head, are then written to `adapter/` as a peft adapter of the original checkpoint.
        """
        from burnish.core.low_rank import has_low_rank, merged_copy, save_adapter
        from burnish.models._head_layers import without_weight_norms
        from burnish.models.transformers.configuration import quiet

        folder.mkdir(parents=True, exist_ok=True)
        with quiet():
            adapted = has_low_rank(self.model)
            plain = without_weight_norms(merged_copy(self.model) if adapted else self.model)
            # The library's older names are found again by its own way of loading, which knows no head but its own.
            own = {} if getattr(self.model.config, FACT, None) is None else {"save_original_format": False}
            plain.save_pretrained(folder, **own)
            if adapted:
                save_adapter(self.model, self.head_modules(), folder / ADAPTER, self.origin)


def parameter_names(module: nn.Module) -> frozenset[str]:
    """What a module's `forward` takes."""
    return frozenset(inspect.signature(module.forward).parameters)
