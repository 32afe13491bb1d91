"""Weights of four bits, beside which low-rank matrices learn (QLoRA, Dettmers et al., 2023, arXiv 2305.14314)."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from burnish.core.errors import InputError

PLACE = "model.quantized"


def four_bits() -> Any:
    """The library's settings: normal float of four bits, scales quantized as well, products in bfloat16.

    Raises:
        InputError: no GPU, or no bitsandbytes.
    """
    import torch

    if not torch.cuda.is_available():
        raise InputError(
            "weights of four bits are for GPUs, and this machine has none that can be used",
            expected="an NVIDIA GPU and the package bitsandbytes",
            fix="leave `quantized` out: adapter lora learns the same matrices beside whole weights",
            place=PLACE,
        )
    if find_spec("bitsandbytes") is None:
        raise InputError(
            "weights of four bits need the package bitsandbytes", fix="pip install bitsandbytes", place=PLACE
        )
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
