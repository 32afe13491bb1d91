"""Weights of four bits: refused in words where they cannot be, and whole again where a model is saved.

bitsandbytes computes them on a CPU as well, slowly: where it is installed, that is what is tried here.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from burnish.adapters.full import Full
from burnish.adapters.lora import Lora
from burnish.core.errors import InputError
from burnish.inputs.chat import Chat
from burnish.models.transformers import Transformers, four_bits
from burnish.targets.response import Response
from tests.checkpoints import chat_checkpoint

needs_bitsandbytes = pytest.mark.skipif(find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_it_is_refused(tmp_path: Path) -> None:
    model = Transformers(name=str(chat_checkpoint(tmp_path / "llama")), quantized="4bit")
    with pytest.raises(InputError, match="for GPUs") as caught:
        model.build(Chat(), Response(), seed=0)
    assert caught.value.place == "model.quantized"
    assert "adapter lora" in caught.value.fix


def test_without_the_package_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(four_bits, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="package bitsandbytes"):
        four_bits.four_bits()


def quantized(folder: Path) -> Any:
    from transformers import BitsAndBytesConfig

    settings = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.float32,
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(four_bits, "four_bits", lambda: settings)
        place = folder / "llama"
        model = Transformers(name=str(place if place.is_dir() else chat_checkpoint(place)), quantized="4bit")
        return model.build(Chat(), Response(), seed=0)


@needs_bitsandbytes
def test_what_learned_beside_four_bits_is_saved_whole(tmp_path: Path) -> None:
    """Trained, merged into what the four bits stand for, saved, and read by plain transformers: the same logits."""
    import transformers

    network = quantized(tmp_path)
    Lora(rank=2).prepare(network)
    layer = network.model.model.layers[0].self_attn.q_proj
    assert layer.get_base_layer().weight.dtype == torch.uint8
    ids = torch.randint(3, 20, (2, 9))
    learning = [p for p in network.parameters() if p.requires_grad]
    assert all(p.is_floating_point() for p in learning)
    network.train()
    optimizer = torch.optim.AdamW(learning, lr=0.05)
    for _ in range(3):
        network(input_ids=ids).logsumexp(-1).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    network.train()  # without dropout; in eval mode the package repacks weights for its products on CPUs
    network.save(tmp_path / "model")
    assert layer.get_base_layer().weight.dtype == torch.uint8, "the network itself stays as it was"
    whole = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "model").eval()
    assert {p.dtype for p in whole.parameters()} == {torch.float32}
    with torch.inference_mode():
        torch.testing.assert_close(whole(input_ids=ids).logits, network(input_ids=ids), rtol=5e-3, atol=5e-3)


@needs_bitsandbytes
def test_four_bits_themselves_cannot_learn(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot learn"):
        Full().prepare(quantized(tmp_path))
