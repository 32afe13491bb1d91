"""Networks in memory as runtimes give them: arrays in, logits or sequences out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from burnish.core.batch import Array
from burnish.core.errors import InputError
from burnish.core.generated import TellsTimes, TokenTimes
from burnish.decoders import Decoder
from burnish.media.transcript.attending import token_begins
from burnish.runtimes import Generate, Runner
from burnish.runtimes._stepping import Stepping

if TYPE_CHECKING:
    from burnish.core.network import Network


def running(network: Network) -> Runner:
    """A network in memory as a `Runner`: eval mode, no gradients, float32 out."""
    import torch

    def run(**arrays: Array) -> Array:
        network.eval()
        with torch.inference_mode():
            tensors = _tensors(arrays, next(network.parameters()).device)
            return cast(Array, network(**tensors).float().cpu().numpy())

    return run


class _Steps:
    """A network as decoders drive it: numpy in and out, eval mode, no gradients, float32."""

    def __init__(self, network: Any, arrays: Mapping[str, Array]) -> None:
        self._network, self._device = network, next(network.parameters()).device
        self._inputs = _tensors(arrays, self._device)

    def __call__(self, ids: Array | None, cache: Any) -> tuple[Array, Any]:
        import torch

        with torch.inference_mode():
            if ids is None:
                self._inputs = self._network.begun(self._inputs)  # decoders may begin anew, and hear but once
            chosen = None if ids is None else torch.from_numpy(ids).to(self._device)
            logits, cache = self._network.step(self._inputs, chosen, cache)
            return cast(Array, logits.float().cpu().numpy()), cache

    def reading(self) -> Iterator[tuple[Array, Any]]:
        """As of `core.network.Generating.reading`."""
        import torch

        pieces = self._network.reading(self._inputs)
        while True:
            with torch.inference_mode():
                logits, cache = next(pieces, (None, None))
            if logits is None:
                return
            yield cast(Array, logits.float().cpu().numpy()), cache

    def picked(self, cache: Any, rows: Array) -> Any:
        import torch

        with torch.inference_mode():
            return self._network.picked(cache, torch.from_numpy(rows).to(self._device))

    def joined(self, first: Any, second: Any) -> Any:
        """The cache of both; None where they must go on apart."""
        import torch

        with torch.inference_mode():
            return self._network.joined(first, second)


def generating(network: Network) -> Generate:
    """A network in memory as a `Generate`.

    Raises:
        InputError: it has no step: it answers in one pass.
    """
    from burnish.core.network import Attending, Generating

    if not isinstance(network, Generating):
        raise InputError(
            f"{type(network).__name__} predicts in one pass: it cannot write token by token",
            expected="a network with `step` (core.network.Generating)",
            fix="decoder: one_pass, or another model",
            place="decoder",
        )

    follows = isinstance(network, Attending) and network.follows_sound
    return _Follower(network) if follows else _Writer(network)


class _Writer(Stepping):
    """A network in memory that writes."""

    def __init__(self, network: Any) -> None:
        super().__init__(self._begun)
        self._network = network

    def _begun(self, arrays: Mapping[str, Array]) -> _Steps:
        self._network.eval()
        return _Steps(self._network, arrays)


class _Follower(_Writer, TellsTimes):
    """One that also tells where in the sound it was."""

    def begun(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """With the encoder's states, float32."""
        import torch

        self._network.eval()
        with torch.inference_mode():
            begun = self._network.begun(_tensors(arrays, next(self._network.parameters()).device))
            return {
                name: (value.float() if value.is_floating_point() else value).cpu().numpy()
                for name, value in begun.items()
            }

    def token_times(
        self, arrays: Mapping[str, Array], written: Sequence[Sequence[int]], seconds: Sequence[float]
    ) -> list[TokenTimes | None]:
        """One pass of the decoder over what it wrote, all rows together."""
        import torch

        prompt = arrays["decoder_input_ids"]
        longest, first = max(map(len, written)), prompt.shape[1]
        shown = np.zeros((len(written), first + longest), np.int64)
        shown[:, :first] = prompt
        for row, ids in enumerate(written):
            shown[row, first : first + len(ids)] = ids
        self._network.eval()
        with torch.inference_mode():
            read = _tensors({**arrays, "decoder_input_ids": shown}, next(self._network.parameters()).device)
            products, logits, state = self._network.attended(read)
            logs = logits[:, first - 1 : -1].float().log_softmax(-1)
            logs = logs.gather(-1, read["decoder_input_ids"][:, first:, None])[..., 0].cpu().numpy()
        found: list[TokenTimes | None] = []
        for row, ids in enumerate(written):
            states = min(products.shape[-1], max(1, math.floor(seconds[row] / state + 1e-6)))
            looked = products[row, :, : first + len(ids), :states].float().softmax(-1).cpu().numpy()
            begins = token_begins(looked.astype(np.float64), first) * state if ids else None
            found.append(None if begins is None else TokenTimes(begins, logs[row, : len(ids)]))
        return found


def _tensors(arrays: Mapping[str, Array], device: Any) -> dict[str, Any]:
    import torch

    return {name: torch.from_numpy(value).to(device) for name, value in arrays.items()}


def computing(network: Network, decoder: Decoder) -> Runner | Generate:
    """A network in memory as the decoder needs it."""
    return generating(network) if decoder.writes() else running(network)
