"""What the decoder of a network is given of what stands before its answer."""

from __future__ import annotations

import torch

from burnish.core.errors import InputError
from burnish.core.network import Tensors


def decoder_ids(inputs: Tensors, *, writes: str, before: str, decoder: str) -> torch.Tensor:
    """`decoder_input_ids`.

    Args:
        inputs: of the network.
        writes: what it writes, in words.
        before: what stands before each step, in words.
        decoder: kinds of decoders that go with it.

    Raises:
        InputError: none are given.
    """
    if "decoder_input_ids" not in inputs:
        raise InputError(
            f"a network that writes {writes} is asked for logits without the {before} before them",
            expected="decoder_input_ids",
            fix=f"decoder: {decoder}",
            place="decoder",
        )
    return inputs["decoder_input_ids"]
