"""The seam between burnish and model libraries: named tensors in, one tensor of logits out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from burnish.core.errors import InputError
from burnish.core.stacks import stacks_of

Tensors = dict[str, torch.Tensor]
KEPT_HEAD = "the checkpoint's own head has the same outputs: it goes on learning"
"""Said of a network whose head came with the checkpoint."""


@contextmanager
def modes_kept(module: nn.Module) -> Iterator[None]:
    """Put each part of a module back into train or eval mode, as it was, when the block ends."""
    modes = [(part, part.training) for part in module.modules()]
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode


class Inseparable(Exception):
    """The head of a network cannot be computed apart from its body; the message says why."""


@dataclass(frozen=True)
class HeadSplit:
    """A network in two: the body, which is frozen, and the head, which reads what the body gives.

    Attributes:
        features: named inputs to what the head reads, [B, ...]; call it in eval mode.
        logits: that to the network's logits, computed by the head's own modules: they learn, and their dropout is on in
            train mode as it is in the whole network.
        quickened: gives a faster `features` for many rows, equal up to rounding; it keeps the weights it has now.
    """

    features: Callable[..., torch.Tensor]
    logits: Callable[[torch.Tensor], torch.Tensor]
    quickened: Callable[[], Callable[..., torch.Tensor]]


class Generating(ABC):
    """What a network can do that writes on, token by token; it inherits this beside `Network`."""

    @abstractmethod
    def step(self, inputs: Tensors, ids: torch.Tensor | None, cache: Any) -> tuple[torch.Tensor, Any]:
        """Logits of the next token of each row, and what is remembered, so that no token is read twice.

        Written with the cache is written by one forward pass over the whole, and a row alone as in a batch.

        Args:
            inputs: as `forward` takes them, B rows; of the beginning, where `ids` is None.
            ids: int64 [B], the tokens that were chosen last; None at the beginning.
            cache: what the call before gave; None at the beginning.

        Returns:
            [B, V], and the cache: keys and values, states of an encoder ..., of this network alone.
        """

    @abstractmethod
    def picked(self, cache: Any, rows: torch.Tensor) -> Any:
        """The cache of these rows, int64 [M], in this order, repeats allowed."""

    def begun(self, inputs: Tensors) -> Tensors:
        """Inputs of `step` with what is read but once, however often it begins anew: states of an encoder; the same without."""
        return inputs

    def joined(self, first: Any, second: Any) -> Any:
        """The cache of the rows of both, the first ones first; None where they must go on apart."""
        return None

    def reading(self, inputs: Tensors) -> Iterator[tuple[torch.Tensor, Any]]:
        """The beginning of `step`, with the logits of all places: in pieces [B, l, V], each with the cache behind it.

        Rows lie at the end of their line, padding before them; the last place is what `step` gives.

        Raises:
            InputError: this network does not tell them.
        """
        raise InputError(
            f"{type(self).__name__} does not tell how probable its prompt is", fix="leave echo or logprobs out"
        )

    def remembering(self) -> Remembering | None:
        """The same network with its memory in the open; None where that is more than keys and values."""
        return None


class Remembering(ABC):
    """A language model whose memory is inputs and outputs, a module as well: for formats that remember nothing themselves."""

    @property
    @abstractmethod
    def layers(self) -> list[tuple[int, int]] | None:
        """Heads and width of the keys, and the values, of each layer; None where it remembers anything else."""

    @abstractmethod
    def forward(
        self,
        input_ids: torch.Tensor,
        allowed: torch.Tensor,
        position_ids: torch.Tensor,
        kept: torch.Tensor,
        *past: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        """Logits [B, k, V], then keys and values [B, heads, P + l, D] of each layer in turn.

        Args:
            input_ids: int64 [B, l], new tokens.
            allowed: float32 [B, 1, l, P + l], 0 where a token sees another, and very low elsewhere.
            position_ids: int64 [B, l], of the new tokens in their texts.
            kept: int64 [k], which of the new tokens there are logits of.
            past: keys and values [B, heads, P, D] of each layer in turn.
        """


class Attending(ABC):
    """What a network can do that hears and writes: show what it looked at. It inherits this beside `Network`."""

    @property
    @abstractmethod
    def follows_sound(self) -> bool:
        """Whether it is known which of its heads follow the sound."""

    @abstractmethod
    def attended(self, inputs: Tensors) -> tuple[torch.Tensor, torch.Tensor, float]:
        """What the heads that follow the sound looked at, as they read `decoder_input_ids` [B, T].

        Returns:
            [B, H, T, L] products of queries and keys, before they are made a distribution over L states; logits [B, T, V];
            and the seconds between two states.
        """


class EncoderApart(ABC):
    """What a network can do whose decoder reads the states of an encoder; it inherits this beside `Network`."""

    @abstractmethod
    def encoder(self) -> nn.Module:
        """The encoder."""

    @abstractmethod
    def heard(self, **inputs: torch.Tensor) -> Any:
        """What it gives for a batch: `states` [B, L, D], and `mask` int64 [B, L] of what is no padding, or None.

        `forward` and `step` take `encoder_states` and `encoder_mask` in place of what the encoder reads.
        """

    @abstractmethod
    def places(self, length: int, processor: Any) -> int:
        """How many states it gives for a row of so many elements, as its input counts them."""


class Network(nn.Module, ABC):
    """A model of some library behind one face.

    Parameter names are those of `named_parameters()` of this module.

    Attributes:
        notes: what was decided while loading, in words (a fresh head, tensors left out ...).
        seed: what fresh parts are drawn from: the head, and what adapters insert.
        new_tokens: ids of tokens that the checkpoint's vocabulary did not have; their rows begin as the mean of all others.
        fresh_head: whether the head's last layer was drawn at random, and did not come with the checkpoint.
        never: names of parameters that no adapter lets learn, such as those of batch norms that are held.
        from_scratch: whether all weights were drawn at random: then all of them must learn.
    """

    notes: Sequence[str] = ()
    seed: int = 0
    fresh_head: bool = True
    from_scratch: bool = False
    new_tokens: Sequence[int] = ()
    never: frozenset[str] = frozenset()

    def learns(self, parameter: str) -> bool:
        """Whether a parameter may ever learn, whatever the adapter: not where a part is only read with, such as a codec."""
        return parameter not in self.never

    @property
    def encoder_layers(self) -> int:
        """How many of the layers are those of an encoder below a decoder, the first; 0 where there are not both."""
        return 0

    @property
    def vocabulary(self) -> nn.Module | None:
        """The layer that came with the checkpoint and gives a logit for each of its tokens; None: the head is of classes.

        It may share its matrix with the embeddings, so nothing low-rank is put beside it.
        """
        return None

    @abstractmethod
    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        """Logits: [B, C] for one answer a row, [B, L, C] for one an element."""

    @abstractmethod
    def features(self, **inputs: torch.Tensor) -> torch.Tensor:
        """What the backbone sees before the head: [B, D] (masked mean for texts), or [B, L, D] for element tasks."""

    @property
    def width(self) -> int:
        """D of `with_states`.

        Raises:
            Inseparable: this network does not say what it sees of a row.
        """
        raise Inseparable(f"{type(self).__name__} does not say what it sees of an example")

    def with_states(self, **inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits [B, C], and what the body sees of each row [B, D], of one pass.

        Raises:
            Inseparable: as `width`.
        """
        raise Inseparable(f"{type(self).__name__} does not say what it sees of an example")

    @abstractmethod
    def depth(self, parameter: str) -> int:
        """How deep a parameter lies: 0 for embeddings or stem, 1..layers for the blocks, layers + 1 for the head."""

    @property
    @abstractmethod
    def layers(self) -> int:
        """How many blocks the backbone has."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write weights (safetensors) and configuration in the library's own layout, loadable without burnish."""

    @abstractmethod
    def backbone(self) -> nn.Module:
        """The library's own module (what peft wraps)."""

    def stacks(self) -> list[nn.ModuleList]:
        """The lists of equal blocks it computes, one block after the other: most have one, encoder and decoder are two.

        None where blocks differ, as those of convolutional networks do.
        """
        return stacks_of(self.backbone())

    def answer_lengths(self, **inputs: torch.Tensor) -> torch.Tensor | None:
        """int64 [B], at how many places of each line `forward` answers; None: the inputs' own places, or one a row.

        For networks that answer at other places than they read: frames of a recording, say.
        """
        return None

    def place_states(self, **inputs: torch.Tensor) -> torch.Tensor:
        """[B, L, D]: what the head reads at each place. `place_logits(place_states(**inputs))` is `forward(**inputs)`.

        Raises:
            Inseparable: the head reads more than one state of a place, or this network does not say what it reads.
        """
        raise Inseparable(f"{type(self).__name__} does not say what its head reads at each place")

    def place_logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Logits [..., C] of [..., D], each place by itself, with all that `forward` does to logits: scale, soft cap ...

        Raises:
            Inseparable: as `place_states`.
        """
        raise Inseparable(f"{type(self).__name__} does not say what its head reads at each place")

    def untouched(self) -> Network | None:
        """The same once more, sharing nothing, so that what was read is still there after training has changed it.

        None where there is no safe way to copy, or it would take much memory: then it is read again.
        """
        return None

    def head_split(self, **inputs: torch.Tensor) -> HeadSplit:
        """Body and head apart, found on some rows: `logits(features(**inputs))` are the logits of `forward`.

        Args:
            inputs: a few real rows of different lengths, from which it is seen what the head reads.

        Raises:
            Inseparable: the architecture does not allow it.
        """
        raise Inseparable(f"{type(self).__name__} does not say what its head reads")
