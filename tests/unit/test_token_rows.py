"""Rows of the embeddings that learn beside LoRA, and tokens that a checkpoint's vocabulary did not have."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

import burnish
from burnish.adapters.lora import Lora
from burnish.core.errors import InputError
from burnish.inputs.chat import Chat
from burnish.models.transformers import Transformers
from burnish.stages.train.assemble import Assembled
from burnish.targets.response import Response
from burnish.training.loop import fit
from tests.chat_rows import chat_rows
from tests.chat_runs import chat_run
from tests.integration import tiny_runs
from tests.language_architectures import ARCHITECTURES, language_checkpoint
from tests.network_cases import network
from tests.slow_cases import slow_but
from tests.vision_cases import network as vision_network

NEW = ["<ferry>", "<port>"]
ROWS = [5, 9, 30]
BIASED = "phi"  # its logits have a bias


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("chats")


def trained(run: Assembled, steps: int = 3) -> Any:
    """The network after a few steps, in eval mode."""
    list(islice(fit(run.training), steps))
    return run.training.network.eval()


def tied(model: Any) -> bool:
    return model.get_output_embeddings().weight is model.get_input_embeddings().weight


@pytest.mark.parametrize("architecture", slow_but([name for name in ARCHITECTURES if name != BIASED], "llama"))
def test_rows_that_learn_are_saved_in_a_plain_model_and_in_the_adapter(architecture: str, tmp_path: Path) -> None:
    """Head apart from body, step 0, merge, reload by the plain library, and the adapter over the checkpoint."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    place = language_checkpoint(tmp_path / "checkpoint", architecture)
    built: Any = Transformers(name=str(place)).build(Chat(), Response(), seed=0).eval()
    ids = {"input_ids": torch.tensor([[3, 5, 9, 11, 30, 5]])}
    before, was_tied = built(**ids), tied(built.model)
    Lora(rank=2, trainable_token_indices=ROWS).prepare(built)
    torch.testing.assert_close(built(**ids), before, rtol=0, atol=0)
    learning = {name: p for name, p in built.named_parameters() if p.requires_grad}
    assert {p.shape for name, p in learning.items() if "lora_" not in name} == {(len(ROWS), 32)}
    assert len([name for name in learning if "lora_" not in name]) == (1 if was_tied else 2)
    torch.testing.assert_close(built.place_logits(built.place_states(**ids)), before, rtol=1e-5, atol=1e-5)
    with torch.no_grad():
        for name, parameter in learning.items():
            parameter += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(len(name)))
    after = built(**ids)
    assert float((after - before).detach().abs().max()) > 1e-3
    built.save(tmp_path / "saved")
    torch.testing.assert_close(built(**ids), after, rtol=0, atol=0)
    plain: Any = AutoModelForCausalLM.from_pretrained(tmp_path / "saved").eval()
    base: Any = AutoModelForCausalLM.from_pretrained(place)
    assert tied(plain) == tied(base) == was_tied
    torch.testing.assert_close(plain(**ids).logits, after, rtol=1e-4, atol=1e-5)
    others = [n for n in range(base.config.vocab_size) if n not in ROWS]
    old, new = base.get_input_embeddings().weight, plain.get_input_embeddings().weight
    assert torch.equal(old[others], new[others])
    assert bool((old[ROWS] != new[ROWS]).any(1).all())
    laid = PeftModel.from_pretrained(base, tmp_path / "saved" / "adapter").eval()
    torch.testing.assert_close(laid(**ids).logits, after, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_chunked_steps_are_plain_steps(architecture: str, folder: Path) -> None:
    """The rows get the gradients of both what is read and what is answered."""
    adapter = {"kind": "lora", "rank": 2, "trainable_token_indices": ROWS}
    runs = [
        chat_run(folder, architecture, adapter=adapter, sampler="shuffled", objective=objective)
        for objective in ("supervised", {"kind": "chunked", "places": 3})
    ]
    plain, chunked = ([(s.loss.total, s.gradient_norm) for s in islice(fit(run.training), 3)] for run in runs)
    for one, other in zip(plain, chunked, strict=True):
        assert other == pytest.approx(one, rel=1e-4)


def test_noise_on_embeddings_is_there_still(folder: Path) -> None:
    """peft's layer does not call the embeddings that noise is hooked to."""
    adapter = {"kind": "lora", "rank": 2, "trainable_token_indices": ROWS}
    run = chat_run(folder, "gpt2", adapter=adapter, model={"neftune_alpha": 5.0})
    model: Any = run.training.network
    ids = {"input_ids": torch.tensor([[3, 5, 9, 11]]), "attention_mask": torch.ones(1, 4, dtype=torch.long)}
    model.train()
    assert not torch.equal(model(**ids), model(**ids))


def test_low_precision_rows_are_merged_in_float32(tmp_path: Path) -> None:
    place = language_checkpoint(tmp_path / "checkpoint", "qwen2")
    built: Any = Transformers(name=str(place), dtype="bfloat16").build(Chat(), Response(), seed=0)
    Lora(rank=2, trainable_token_indices=[5]).prepare(built)
    (rows,) = [p for name, p in built.named_parameters() if "trainable_tokens" in name]
    assert rows.dtype == torch.float32
    rows.data += 1e-4
    exact = rows.data.clone()
    built.save(tmp_path / "saved")
    loaded: Any = Transformers(dtype="bfloat16").load(tmp_path / "saved", Chat(), Response())
    assert torch.equal(loaded.model.get_input_embeddings().weight[[5]], exact)


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="token 100000 is not there") as caught:
        Lora(trainable_token_indices=[3, 100_000]).prepare(network("bert"))
    assert caught.value.expected.startswith("0 to ")
    place = language_checkpoint(tmp_path / "checkpoint", BIASED)
    with pytest.raises(InputError, match="have a bias"):
        Lora(trainable_token_indices=[3]).prepare(Transformers(name=str(place)).build(Chat(), Response(), seed=0))
    with pytest.raises(InputError, match="no embeddings of tokens"):
        Lora(trainable_token_indices=[3]).prepare(vision_network("transformers_vit"))


def with_new_tokens() -> list[dict[str, Any]]:
    """Conversations that use them, in prompts and in replies."""
    return [
        json.loads(json.dumps(row).replace("boat", NEW[0]).replace(" leaves ", f" {NEW[1]} ")) for row in chat_rows()
    ]


@pytest.mark.parametrize("adapter", ["lora", "full"])
@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_new_tokens_begin_as_the_mean_and_learn(architecture: str, adapter: str, folder: Path) -> None:
    data = {"train": with_new_tokens(), "cache": str(folder / "cache")}
    plain: Any = chat_run(folder, architecture).training.network.model
    settings: dict[str, Any] = {"adapter": {"kind": "lora", "rank": 2} if adapter == "lora" else adapter}
    run = chat_run(folder, architecture, data=data, input={"kind": "chat", "new_tokens": NEW}, **settings)
    built: Any = run.training.network
    size = plain.config.vocab_size
    assert list(built.new_tokens) == [size, size + 1]
    assert f"new tokens, which begin as the mean of all others: 2, from {size} on" in run.notes
    assert built.model.config.vocab_size == size + 2
    embedded = built.model.get_input_embeddings().weight.detach().clone()
    torch.testing.assert_close(embedded[size:], plain.get_input_embeddings().weight.mean(0).expand(2, -1))
    torch.testing.assert_close(
        built.model.get_output_embeddings().weight[size:].detach(),
        plain.get_output_embeddings().weight.mean(0).expand(2, -1),
    )
    assert tied_as(built.model, plain)
    after = trained(run).model
    moved = (after.get_input_embeddings().weight[size:] != embedded[size:]).any(1)
    assert bool(moved.all())
    if adapter == "lora":
        assert torch.equal(after.get_input_embeddings().weight[:size], embedded[:size])


def tied_as(model: Any, plain: Any) -> bool:
    """Whether two models agree in whether they have one matrix, also where rows of it learn."""
    layers = (model.get_input_embeddings(), model.get_output_embeddings())
    one, other = (getattr(layer, "original_module", layer).weight for layer in layers)
    return (one is other) == tied(plain)


@pytest.mark.slow
def test_a_run_with_new_tokens_answers_with_them_from_its_bundle(folder: Path, tmp_path: Path) -> None:
    """Bundle and plain transformers have vocabulary and rows; each token is one piece."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    chat_run(folder)
    rows = tiny_runs.write_jsonl(tmp_path / "rows.jsonl", with_new_tokens())
    recipe = {
        "data": str(rows),
        "model": str(folder / "llama"),
        "input": {"kind": "chat", "new_tokens": NEW},
        "adapter": {"kind": "lora", "rank": 8},
        "decoder": {"kind": "greedy", "max_new_tokens": 12},
        **tiny_runs.quick(),
        "max_steps": 60,
        "learning_rate": 2e-2,
        "baselines": True,
    }
    run = burnish.train(recipe, out=tmp_path / "run")
    assert "base" in run.scores["baselines"]
    settings = json.loads((tmp_path / "run" / "bundle" / "bundle.json").read_text())
    assert settings["input"]["new_tokens"] == NEW
    place = tmp_path / "run" / "bundle" / "model"
    tokenizer: Any = AutoTokenizer.from_pretrained(place)
    ids = tokenizer("".join(NEW), add_special_tokens=False)["input_ids"]
    model: Any = AutoModelForCausalLM.from_pretrained(place)
    assert ids == [model.config.vocab_size - 2, model.config.vocab_size - 1]
    loaded = burnish.load(tmp_path / "run")
    answers = [loaded(row["messages"][:-1]).answer for row in with_new_tokens()[:8]]
    assert sum(NEW[0] in answer for answer in answers) >= 6, answers


def test_bad_new_tokens_are_refused(folder: Path) -> None:
    chat_run(folder)
    place = folder / "llama"
    for tokens, words in (([" "], "without a letter"), (["<a>", "<a>"], "named twice"), (["boat"], "already")):
        with pytest.raises(InputError, match=words):
            Chat(new_tokens=tokens).processor(place)
    with pytest.raises(InputError, match="2 new tokens cannot learn: last_layers freezes the embeddings"):
        chat_run(folder, input={"kind": "chat", "new_tokens": NEW}, adapter={"kind": "last_layers", "layers": 1})
