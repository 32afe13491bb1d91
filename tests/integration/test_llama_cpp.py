"""GGUF as llama.cpp itself runs it: the same greedy tokens as the trained model. Needs `pip install llama-cpp-python`.

BURNISH_CHAT_RUN names a run, whose held-out prompts are then answered as well.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from burnish.answering.predictor import load
from burnish.core.component import build
from burnish.core.generated import Ends
from burnish.decoders import Decoder
from burnish.exporters import Exporter
from burnish.media.text.token_row import token_row
from burnish.runtimes import Generate
from burnish.runtimes.torch import generating
from burnish.stages.held_out import held_out
from tests.contracts.test_exporters_that_write import Case

pytestmark = pytest.mark.slow
TOKENS = 24
FLOAT32 = 0  # of ggml's types: keys and values are kept as they are computed
NEAR = 1e-2  # between the two greatest logits: 16 bits may take the one for the other


def llama_cpp(file: Path) -> Any:
    """The file, opened by llama.cpp; the test is skipped, saying so, where it is not installed."""
    library = pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed: llama.cpp was not tried")
    return library.Llama(
        str(file), n_ctx=512, n_threads=1, verbose=False, type_k=FLOAT32, type_v=FLOAT32, flash_attn=False
    )


def written(model: Any, prompt: Sequence[int], stops: frozenset[int]) -> list[int]:
    """Greedy tokens until a stop token, which is not among them."""
    model.reset()
    out: list[int] = []
    for token in islice(model.generate(list(map(int, prompt)), temp=0.0, top_k=1, repeat_penalty=1.0), TOKENS):
        if token in stops:
            break
        out.append(int(token))
    return out


def greedy() -> Decoder:
    """As llama.cpp is asked to."""
    return cast(Decoder, build("burnish.decoders", {"kind": "greedy", "max_new_tokens": TOKENS}))


def assert_same(model: Any, compute: Generate, prompts: Sequence[Any], ends: Ends, gap: Any) -> None:
    """Token for token, until a place where the trained model could hardly tell two tokens apart."""
    compared = 0
    for prompt in prompts:
        arrays = {name: value[None] for name, value in token_row(prompt).items() if not name.startswith("_")}
        expected = compute(arrays, greedy(), ends)[0].ids.tolist()
        found = written(model, prompt, ends.stop)
        expected = [token for token in expected if token not in ends.stop]
        place = next((n for n, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b), None)
        compared += len(expected) if place is None else place
        if place is None:
            assert len(found) == len(expected)
        else:
            assert gap([*prompt, *expected[:place]]) < NEAR, (place, found, expected)
    assert compared > len(prompts)


def gap_of(network: Any) -> Any:
    """How far apart the two greatest logits behind a text are."""
    import torch

    def gap(ids: Sequence[int]) -> float:
        with torch.inference_mode():
            two = network(input_ids=torch.tensor([list(map(int, ids))]))[0, -1].float().topk(2).values
        return float(two[0] - two[1])

    return gap


@pytest.mark.parametrize("precision", ["float32", "float16"])
@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
def test_llama_cpp_writes_what_the_network_writes(architecture: str, precision: str, tmp_path: Path) -> None:
    case = Case(tmp_path, architecture)
    exporter = cast(Exporter, build("burnish.exporters", {"kind": "gguf", "precision": precision}))
    (tmp_path / "out").mkdir()
    exporter.export(case.source, tmp_path / "out", lambda text: None)
    model = llama_cpp(tmp_path / "out" / "model.gguf")
    masks, ids = case.arrays["attention_mask"], case.arrays["input_ids"]
    prompts = [row[mask != 0] for row, mask in zip(ids, masks, strict=True)]
    assert_same(model, generating(case.network), prompts, case.ends, gap_of(case.network))
    chat: Any = case.processor
    for prompt in prompts:  # its own tokenizer gives the same ids for the text of the prompt
        text = chat.tokens.tokenizer.decode(prompt.tolist(), skip_special_tokens=False)
        assert model.tokenize(text.encode(), add_bos=False, special=True) == prompt.tolist()


@pytest.mark.timeout(3600)
def test_a_run_that_is_named() -> None:
    run = os.environ.get("BURNISH_CHAT_RUN")
    if not run:
        pytest.skip("BURNISH_CHAT_RUN names no run")
    predictor = load(Path(run), runtime="torch")
    bundle, held = predictor.bundle, held_out(predictor.bundle)
    part = held.limited(held.proving, 16)
    prompts = [row["input_ids"] for row in held.loader(part, bundle).encoded(np.arange(len(part)))]
    loader: Any = build("burnish.models", {"kind": bundle.model["kind"]})
    network = loader.load(bundle.path / "model", bundle.input, bundle.target).float().eval()
    ends = bundle.target.ends(bundle.processor)  # type: ignore[attr-defined]
    model = llama_cpp(bundle.path / "artifacts" / "gguf-float16" / "model.gguf")
    assert_same(model, generating(network), prompts, ends, gap_of(network))
