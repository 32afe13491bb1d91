"""What every exporter of models that write must do: its runtime writes what the network writes, token for token."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from burnish.adapters import Adapter
from burnish.bundle.artifacts import write_facts
from burnish.core.component import build, component_class, kinds
from burnish.core.errors import InputError
from burnish.core.generated import Chance, Progress
from burnish.decoders import Decoder
from burnish.exporters import Exportable, Exporter
from burnish.inputs import Input
from burnish.models import Model
from burnish.runtimes import Generate, Runtime, Writing
from burnish.runtimes.torch import generating
from burnish.targets import Target
from tests.checkpoints import chat_checkpoint
from tests.shared_folder import made_once
from tests.slow_cases import slow_but

AXIS = "burnish.exporters"
SLOW = ("onnx",)
"""Tracing takes ten seconds of the processor a network."""


def marked(names: list[str]) -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in names]


EVERY = [kind for kind in kinds(AXIS) if cast(Exporter, build(AXIS, kind)).writes]
WRITING = marked(EVERY)
RUNNING = marked([kind for kind in EVERY if cast(Exporter, build(AXIS, kind)).runtime])
LIBRARIES = {
    "ctranslate2": "ctranslate2",
    "gguf": "gguf",
    "onnx": "onnxscript",
    "peft": "peft",
    "safetensors": "safetensors",
}
ASKED = ["hello", "what is the time of the ferry", "x " * 40, "the <ferry> of <port>"]


class Case:
    """A tiny chat model, saved as a bundle holds it.

    Args:
        root: new folder.
        architecture: of the checkpoint.
        new_tokens: added to its vocabulary, and learned.
    """

    def __init__(self, root: Path, architecture: str, new_tokens: Sequence[str] = ()) -> None:
        self.root = root
        checkpoint = chat_checkpoint(root / "checkpoint", architecture)
        self.input = cast(Input, build("burnish.inputs", {"kind": "chat", "new_tokens": list(new_tokens)}))
        self.target = cast(Target, build("burnish.targets", "response"))
        model = cast(Model, build("burnish.models", {"kind": "transformers", "name": str(checkpoint)}))
        self.model = {"kind": "transformers", "name": str(checkpoint)}
        trained = model.build(self.input, self.target, seed=0)
        cast(Adapter, build("burnish.adapters", "lora")).prepare(trained)
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(0)
            for name, parameter in trained.named_parameters():
                if "lora_B" in name or "trainable_tokens_delta" in name:
                    parameter.normal_(std=0.3)
        self.processor = self.input.processor(checkpoint)
        self.folder = root / "model"
        trained.save(self.folder)
        self.network = model.load(self.folder, self.input, self.target).eval()
        self.input.save_processor(self.processor, self.folder)
        rows = [{"conversation": asked} for asked in ASKED]
        self.arrays = self.input.collate(self.input.encode(rows, self.processor), self.processor)[0]
        self.ends = self.target.ends(self.processor)  # type: ignore[attr-defined]

    @property
    def source(self) -> Exportable:
        return Exportable(self.network, self.folder, self.input, self.target, self.arrays, self.processor.limit)

    def opened(self, kind: str, folder: Path) -> Generate:
        runtime = cast(Exporter, build(AXIS, kind)).runtime or "torch"
        return cast(Runtime, build("burnish.runtimes", runtime)).generates(folder, self.model, self.input, self.target)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(tmp_path_factory.mktemp("llama"), "llama")


@pytest.fixture(scope="module")
def qwen2(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(tmp_path_factory.mktemp("qwen2"), "qwen2")


@pytest.fixture(scope="module")
def new_tokens(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Embeddings and logits are one matrix, of which two new rows learn."""
    return Case(tmp_path_factory.mktemp("new_tokens"), "qwen2", ["<ferry>", "<port>"])


def exported(case: Case, kind: str) -> Path:
    """What a kind writes of a case: made when it is first asked for, and then only read."""
    pytest.importorskip(LIBRARIES[kind], reason=f"the extra of exporter {kind} is not installed")
    folder = case.root / "exports" / kind
    return made_once(folder, lambda: export(case, kind, folder))


def export(case: Case, kind: str, folder: Path) -> None:
    folder.mkdir()
    settings = {"precision": "float32"} if "precision" in component_class(AXIS, kind).model_fields else {}
    exporter = cast(Exporter, build(AXIS, {"kind": kind, **settings}))
    told = exporter.export(case.source, folder, lambda text: None)
    facts = {"format": exporter.runtime, "precision": "float32", "tolerance": 0.1, "exporter": {}, **told}
    write_facts(folder, facts, [])


def greedy(**settings: Any) -> Decoder:
    return cast(Decoder, build("burnish.decoders", {"kind": "greedy", "max_new_tokens": 12, **settings}))


@pytest.mark.parametrize("kind", WRITING)
@pytest.mark.parametrize("architecture", slow_but(["llama", "qwen2", "new_tokens"], "llama"))
def test_writes_what_the_network_writes(kind: str, architecture: str, request: Any) -> None:
    case: Case = request.getfixturevalue(architecture)
    run = case.opened(kind, exported(case, kind))
    expected = generating(case.network)(case.arrays, greedy(), case.ends)
    for one, other in zip(run(case.arrays, greedy(), case.ends), expected, strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
        assert one.ended == other.ended
        assert one.score == pytest.approx(other.score, abs=1e-3)


@pytest.mark.parametrize("kind", RUNNING)
def test_streamed_is_not_streamed(kind: str, llama: Case) -> None:
    run = llama.opened(kind, exported(llama, kind))
    alone = {name: value[:1] for name, value in llama.arrays.items()}
    (whole,) = run(alone, greedy(), llama.ends)
    told = list(run.writing(alone, greedy(), llama.ends))
    assert told[-1].whole is not None
    np.testing.assert_array_equal(told[-1].whole.ids, whole.ids)
    assert told[-1].whole.ended == whole.ended
    assert [len(one.ids) for one in told] == sorted(len(one.ids) for one in told)


@pytest.mark.parametrize("kind", RUNNING)
def test_side_by_side_is_alone(kind: str, llama: Case) -> None:
    """Each with a length and stop text of its own; some join later, one is left by who asked for it."""
    run = llama.opened(kind, exported(llama, kind))
    told: dict[int, Progress] = {}
    failures: list[Exception] = []
    writings, expected = [], []
    for number, length in enumerate((4, 12, 7, 12, 9)):
        arrays = llama.input.collate(
            llama.input.encode([{"conversation": ASKED[number % 3]}], llama.processor), llama.processor
        )[0]
        (whole,) = run(arrays, greedy(max_new_tokens=length), llama.ends)
        text = llama.processor.text(whole.ids.tolist())  # type: ignore[attr-defined]
        stop = [next(c for c in text[1:] if c.strip())] if number == 3 else []
        decoder = greedy(max_new_tokens=length, stop=stop)
        expected.append(run(arrays, decoder, llama.ends)[0])
        tell = partial(told.__setitem__, number)
        writings.append(Writing(arrays, decoder, llama.ends, None, tell, failures.append))
    together = run.together()
    writings[4].left = True
    together.add(writings[:2])
    together.advance()
    together.add(writings[2:])
    while together.live:
        together.advance()
    assert not failures
    assert set(told) == {0, 1, 2, 3}
    for number, last in told.items():
        assert last.whole is not None
        np.testing.assert_array_equal(last.whole.ids, expected[number].ids)
        assert (last.whole.ended, last.whole.cut) == (expected[number].ended, expected[number].cut)


@pytest.mark.parametrize("kind", RUNNING)
def test_chances_of_prompts_are_those_of_the_network(kind: str, llama: Case) -> None:
    """Of prompts of unlike length that are asked for at once, and of the one token behind each."""
    together = llama.opened(kind, exported(llama, kind)).together()
    heard: dict[int, Sequence[Chance]] = {}
    told: dict[int, Progress] = {}
    failures: list[Exception] = []
    writings, prompts = [], []
    for number, asked in enumerate(ASKED[:3]):
        encoded = llama.input.encode([{"conversation": asked}], llama.processor)
        arrays = llama.input.collate(encoded, llama.processor)[0]
        prompts.append(arrays["input_ids"][0])
        how = (arrays, greedy(max_new_tokens=1), llama.ends, None, partial(told.__setitem__, number), failures.append)
        writings.append(Writing(*how, others=2, tell_prompt=partial(heard.__setitem__, number)))
    together.add(writings)
    while together.live:
        together.advance()
    assert not failures
    for number, ids in enumerate(prompts):
        with torch.inference_mode():
            logs = llama.network(input_ids=torch.tensor(ids[None])).double().log_softmax(-1)[0].numpy()
        assert [chance.token for chance in heard[number]] == ids[1:].tolist()
        wanted = logs[np.arange(len(ids) - 1), ids[1:]]
        np.testing.assert_allclose([chance.log for chance in heard[number]], wanted, atol=1e-3)
        best = [[log for _, log in chance.others] for chance in heard[number]]
        np.testing.assert_allclose(best, -np.sort(-logs[:-1], axis=1)[:, :2], atol=1e-3)
        (written,) = told[number].chances
        assert written.token == logs[-1].argmax()
        assert written.log == pytest.approx(logs[-1].max(), abs=1e-3)


@pytest.mark.parametrize("kind", RUNNING)
def test_a_stop_text_ends_an_answer(kind: str, llama: Case) -> None:
    run = llama.opened(kind, exported(llama, kind))
    alone = {name: value[:1] for name, value in llama.arrays.items()}
    text = llama.processor.text(run(alone, greedy(), llama.ends)[0].ids.tolist())  # type: ignore[attr-defined]
    stop = next(c for c in text[1:] if c.strip())
    (cut,) = run(alone, greedy(stop=[stop]), llama.ends)
    assert cut.ended == "stop"
    assert cut.cut == text.index(stop)


@pytest.mark.parametrize("kind", RUNNING)
def test_broken_and_missing_files_are_errors_of_burnish(kind: str, llama: Case, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(exported(llama, kind), tmp_path / "out"))
    facts = {
        "ctranslate2": "model.bin",
        "gguf": "model.gguf",
        "onnx": "model.onnx",
        "peft": "adapter_model.safetensors",
    }
    (folder / facts[kind]).write_bytes(b"no model")
    with pytest.raises(InputError, match=r"open|adapter"):
        llama.opened(kind, folder)
    (folder / facts[kind]).unlink()
    with pytest.raises(InputError, match=r"open|adapter"):
        llama.opened(kind, folder)
