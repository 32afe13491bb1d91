"""Low-rank adaptation: where the parts go, how they are merged, and what is saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from burnish.adapters.lora import Lora
from burnish.core.errors import InputError
from burnish.core.network import Network
from burnish.models.transformers import Transformers
from tests.network_cases import INPUT, LABEL, TAGS, WORDS, batch, checkpoint, network, train_some
from tests.slow_cases import slow_but


def learning(built: nn.Module) -> list[str]:
    return [name for name, parameter in built.named_parameters() if parameter.requires_grad]


LINEAR = ("bert", "roberta", "gpt2", "llama", "albert", "deberta_v2", "modernbert")


@pytest.mark.parametrize("architecture", slow_but(LINEAR, "bert", "gpt2", "llama"))
@pytest.mark.parametrize("target", [LABEL, TAGS], ids=["row", "element"])
def test_the_adapter_beside_the_merged_model_is_the_same_model(architecture: str, target: Any, tmp_path: Path) -> None:
    import transformers
    from peft import PeftModel

    built = network(architecture, target).float()
    Lora(rank=2).prepare(built)
    with torch.no_grad():
        for name, parameter in built.named_parameters():
            if parameter.requires_grad:
                parameter += torch.randn(parameter.shape, generator=torch.Generator().manual_seed(len(name))) * 0.1
    built.save(tmp_path)
    row = target.shape == "row"
    loaded = Transformers().load(tmp_path, INPUT if row else WORDS, target).eval()
    torch.testing.assert_close(loaded(**batch(built)), built(**batch(built)), rtol=1e-5, atol=1e-5)
    cls: Any = transformers.AutoModelForSequenceClassification if row else transformers.AutoModelForTokenClassification
    base = cls.from_pretrained(checkpoint(architecture), num_labels=3)
    base.config.pad_token_id = built.backbone().config.pad_token_id  # type: ignore[union-attr]
    whole = PeftModel.from_pretrained(base, tmp_path / "adapter").eval()
    inputs = {name: value for name, value in batch(built).items() if name != "token_type_ids"}
    torch.testing.assert_close(whole(**inputs).logits, built(**inputs), rtol=1e-5, atol=1e-5)


def lora_network(**settings: Any) -> tuple[Network, Lora]:
    built, adapter = network("bert").float(), Lora(rank=4, **settings)
    adapter.prepare(built)
    return built, adapter


def test_merging_leaves_a_plain_network(tmp_path: Path) -> None:
    built, adapter = lora_network(merge=True)
    train_some(built)
    logits = built(**batch(built))
    adapter.finish(built)
    assert not [name for name, _ in built.named_parameters() if "lora" in name or "base_layer" in name]
    torch.testing.assert_close(built(**batch(built)), logits, rtol=1e-5, atol=1e-5)
    built.save(tmp_path)
    assert not (tmp_path / "adapter").exists()


def test_low_precision_is_merged_in_float32(tmp_path: Path) -> None:
    """Rounding the merged weights to bfloat16 would lose small updates altogether."""
    built = Transformers(name=str(checkpoint("bert")), dtype="bfloat16").build(INPUT, LABEL, seed=0).eval()
    Lora(rank=4).prepare(built)
    assert {p.dtype for name, p in built.named_parameters() if "lora_" in name} == {torch.float32}
    layer: Any = built.get_submodule("model.bert.encoder.layer.0.attention.self.query")
    layer.lora_B["default"].weight.data += 1e-4
    exact = layer.base_layer.weight.float() + layer.get_delta_weight("default").float()
    built.save(tmp_path)
    merged = (
        Transformers(dtype="bfloat16")  # loading keeps the precision it was saved in
        .load(tmp_path, INPUT, LABEL)
        .get_parameter("model.bert.encoder.layer.0.attention.self.query.weight")
    )
    assert merged.dtype == torch.float32
    torch.testing.assert_close(merged, exact, rtol=0, atol=1e-8)


def test_low_rank_parts_are_where_they_were_asked_for() -> None:
    built, _ = lora_network()
    adapted = {name for name in learning(built) if "lora_" in name}
    for end in (
        "query",
        "key",
        "value",
        "attention.output.dense",
        "intermediate.dense",
        "1.output.dense",
    ):
        assert any(f"{end}.lora_A" in name for name in adapted), end
    assert not any("classifier.lora" in name or "pooler" in name for name in adapted)
    some, _ = lora_network(target_modules=["query", "value"])
    assert {name.split(".lora_")[0].split(".")[-1] for name in learning(some) if "lora_" in name} == {"query", "value"}
    with pytest.raises(InputError, match="no linear layer") as error:
        lora_network(target_modules=["querry"])
    assert "'query'" in error.value.fix
    assert lora_network()[0].get_submodule("model.bert.encoder.layer.0.attention.self.query").scaling == {
        "default": 4.0
    }  # type: ignore[comparison-overlap]
    assert lora_network(rslora=False)[0].get_submodule("model.bert.encoder.layer.0.output.dense").scaling == {
        "default": 2.0
    }  # type: ignore[comparison-overlap]


def test_adapters_of_other_seeds_start_elsewhere() -> None:
    weights = []
    for seed in (1, 2):
        built = network("bert", seed=seed)
        Lora(rank=4).prepare(built)
        weights.append(built.get_parameter("model.bert.encoder.layer.0.output.dense.lora_A.default.weight"))
    assert not torch.equal(weights[0], weights[1])


def test_the_adapter_folder_is_the_same_every_time(tmp_path: Path) -> None:
    for name in ("first", "second"):
        built, _ = lora_network()
        built.save(tmp_path / name)
    for file in ("model.safetensors", "adapter/adapter_model.safetensors", "adapter/adapter_config.json"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()
    config = json.loads((tmp_path / "first" / "adapter" / "adapter_config.json").read_text())
    assert config["modules_to_save"] == ["bert.pooler", "classifier"]
