"""Exactness rules 1, 2, 3 and 7 over replies, for language models of many architectures, in float64 where that decides."""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from burnish.core.batch import Batch
from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.low_rank import merged_copy
from burnish.data.feeding.encode import encode_part
from burnish.data.feeding.loader import Loader
from burnish.data.table import Part
from burnish.decoders import Decoder, answered
from burnish.inputs.chat import Chat
from burnish.losses import Loss
from burnish.media.chat.conversation import Conversation, Message
from burnish.media.chat.processor import ChatProcessor
from burnish.models.transformers.language import LanguageModel
from burnish.runtimes.torch import generating
from burnish.targets.response import Response
from burnish.training.objective import ObjectiveModule, SupervisedModule
from burnish.training.objectives import Objective
from tests.data_cases import table
from tests.language_architectures import ARCHITECTURES, language_checkpoint
from tests.sequence_cases import tensors
from tests.shared_folder import made_once, shared_base

TURNS = (
    ("where is the fox ?", "the lazy dog"),
    ("please cancel my order , the parcel never arrived", "a good film", "and now ?", "no"),
    ("why ?", "where is my card and why was i charged twice ?"),
)
NEW = 5


@dataclass(frozen=True)
class Chats:
    """A language model and a few conversations, encoded."""

    network: LanguageModel
    loader: Loader
    processor: ChatProcessor

    def single(self) -> Chats:
        """A copy in float32."""
        return dataclasses.replace(self, network=copy.deepcopy(self.network).float())

    def batch(self, rows: list[int] | None = None) -> Batch:
        return self.loader.batch(np.array(rows if rows is not None else range(len(TURNS))))


@pytest.fixture(scope="module", params=ARCHITECTURES)
def chats(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Chats:
    """In float64, without dropout."""
    folder = shared_base(tmp_path_factory) / "languages" / request.param
    made_once(folder, lambda: language_checkpoint(folder, request.param))
    return chats_of(folder, tmp_path_factory.mktemp("cache"))


def chats_of(folder: Path, cache: Path) -> Chats:
    cells = [
        Conversation(tuple(Message(("user", "assistant")[n % 2], text) for n, text in enumerate(texts))).to_text()
        for texts in TURNS
    ]
    input_, target = Chat(), Response()
    processor = input_.processor(folder)
    part = Part(table([{"conversation": cell} for cell in cells]), np.arange(len(cells)))
    encoded = encode_part(part, input_, target, processor, cache=cache)
    network = build("burnish.models", {"kind": "transformers", "name": str(folder)}).build(input_, target, seed=0)  # type: ignore[attr-defined]
    return Chats(network.double().eval(), Loader(encoded, input_, target, processor), processor)


def objective(network: LanguageModel, settings: Any, batch: Batch) -> ObjectiveModule:
    loss = cast(Loss, build("burnish.losses", "cross_entropy"))
    return cast(Objective, build("burnish.training.objectives", settings)).module(
        network, loss, lambda: tensors(batch)[0]
    )


def by_row(module: ObjectiveModule, batch: Batch) -> torch.Tensor:
    with torch.no_grad():
        sums, _ = module(*tensors(batch), by_row=True)
    return cast(torch.Tensor, sums)


def whole(chats: Chats) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Ids of the conversations with their last token, and labels as transformers takes them (it shifts them itself)."""
    batch = chats.batch()
    lengths = batch.inputs["attention_mask"].sum(1)
    ids = np.pad(batch.inputs["input_ids"], ((0, 0), (0, 1)))
    mask = np.pad(batch.inputs["attention_mask"], ((0, 0), (1, 0)), constant_values=1)
    labels = np.full(ids.shape, -100)
    for row, length in enumerate(lengths):
        ids[row, length] = batch.targets[row, length - 1]
        learned = batch.weights[row, :length] > 0
        labels[row, 1 : length + 1][learned] = batch.targets[row, :length][learned]
    return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}, torch.from_numpy(labels)


def test_the_loss_is_that_of_transformers(chats: Chats) -> None:
    """In one batch, and over micro-batches of one row with the number of all labels (`num_items_in_batch`).

    In float32: eager attention of transformers gives NaN for lines with padding in float64.
    """
    chats = chats.single()
    inputs, labels = whole(chats)
    total, weight = SupervisedModule(chats.network, cast(Loss, build("burnish.losses", "cross_entropy")))(
        *tensors(chats.batch())
    )
    count = int((labels != -100).sum())
    assert float(weight) == count
    model = chats.network.model
    with torch.no_grad():
        theirs = model(**inputs, labels=labels).loss
        pieces = [
            model(
                **{n: v[r : r + 1] for n, v in inputs.items()},
                labels=labels[r : r + 1],
                num_items_in_batch=torch.tensor(count),
            ).loss
            for r in range(len(labels))
        ]
    assert float(total.detach() / weight) == pytest.approx(float(theirs), rel=2e-6)
    assert float(total.detach() / weight) == pytest.approx(float(sum(pieces)), rel=2e-6)


def test_in_chunks_it_is_the_plain_loss_with_its_gradients(chats: Chats) -> None:
    batch, found = chats.batch(), []
    for settings in ("supervised", {"kind": "chunked", "places": 5}):
        module = objective(chats.network, settings, batch)
        chats.network.zero_grad()
        total, weight = module(*tensors(batch))
        (total / weight).backward()
        found.append(
            (float(total), {n: p.grad.clone() for n, p in chats.network.named_parameters() if p.grad is not None})
        )
    (plain, gradients), (chunked, others) = found
    assert chunked == pytest.approx(plain, rel=1e-12)
    assert gradients.keys() == others.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(others[name], gradient, rtol=0, atol=1e-10)


def test_micro_batches_are_one_batch_and_padding_changes_nothing(chats: Chats) -> None:
    module = objective(chats.network, "chunked", chats.batch())
    together = by_row(module, chats.batch())
    alone = torch.cat([by_row(module, chats.batch([row])) for row in range(len(TURNS))])
    batch = chats.batch()
    pad = ((0, 0), (0, 9))
    wider = dataclasses.replace(
        batch,
        inputs={name: np.pad(value, pad) for name, value in batch.inputs.items()},
        **{name: np.pad(getattr(batch, name), pad) for name in ("targets", "weights", "owner")},
    )
    torch.testing.assert_close(alone, together, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(by_row(module, wider), together, rtol=1e-12, atol=1e-12)


def written_without_cache(chats: Chats, ids: list[int]) -> list[int]:
    """Greedy, the whole read anew for each token."""
    out: list[int] = []
    while len(out) < NEW:
        with torch.no_grad():
            logits = chats.network.model(input_ids=torch.tensor([[*ids, *out]])).logits[0, -1]
        out.append(int(logits.argmax()))
        if out[-1] in chats.processor.stops:
            return out[:-1]
    return out


def test_written_with_a_cache_in_a_batch_is_the_full_forward_pass_alone(chats: Chats) -> None:
    chats = chats.single()
    input_, target = chats.loader.input, chats.loader.target
    decoder = cast(Decoder, build("burnish.decoders", {"kind": "greedy", "max_new_tokens": NEW}))
    rows = [{"conversation": texts[0]} for texts in TURNS]
    encoded = input_.encode(rows, chats.processor)
    compute = generating(chats.network)
    ends = target.ends(chats.processor)  # type: ignore[attr-defined]
    arrays, _ = input_.collate(encoded, chats.processor)
    batch = compute(arrays, decoder, ends)
    for row, generated in zip(encoded, batch, strict=True):
        assert generated.ids.tolist() == written_without_cache(chats, row["input_ids"].tolist())
    answers = answered(compute, decoder, input_, target, chats.processor, [[row] for row in encoded], limit=8)
    alone = [answered(compute, decoder, input_, target, chats.processor, [[row]], limit=1)[0] for row in encoded]
    assert [a.answer for a in answers] == [a.answer for a in alone]
    for one, other in zip(answers, alone, strict=True):
        assert one.score == pytest.approx(other.score, rel=1e-4)


def test_answers_end_where_the_context_does(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Learned positions have no place behind it; rows of one batch end each at its own."""
    folder = shared_base(tmp_path_factory) / "languages" / "gpt2"
    made_once(folder, lambda: language_checkpoint(folder, "gpt2"))
    chats = chats_of(folder, tmp_path).single()
    target, limit = Response(), 64
    chat = dataclasses.replace(chats.processor.cut_at(limit), stops=())  # nothing else ends them
    decoder = cast(Decoder, build("burnish.decoders", {"kind": "greedy", "max_new_tokens": 40}))
    rows = [{"conversation": text} for text in ("why ?", "where is my card and why was i charged twice ? " * 2)]
    encoded = chats.loader.input.encode(rows, chat)
    lengths = [len(row["input_ids"]) for row in encoded]
    assert lengths[0] + 40 < limit < lengths[1] + 40
    answers = answered(generating(chats.network), decoder, Chat(), target, chat, [[row] for row in encoded], limit=8)
    assert [answer.written for answer in answers] == [40, limit - lengths[1]]
    with pytest.raises(InputError, match=r"takes \d+ tokens"):
        chats.loader.input.encode([{"conversation": "where is my card ? " * 30}], chat)


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "gemma2", "qwen2"])
def test_low_rank_parts_begin_as_the_base_and_merge_into_it(
    architecture: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = shared_base(tmp_path_factory) / "languages" / architecture
    made_once(folder, lambda: language_checkpoint(folder, architecture))
    chats = chats_of(folder, tmp_path)
    network = chats.network.float()
    inputs = tensors(chats.batch())[0]
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with torch.no_grad():
        base = network(**inputs)
        build("burnish.adapters", {"kind": "lora", "rank": 4}).prepare(network)  # type: ignore[attr-defined]
        assert torch.equal(network(**inputs), base)
        learning = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
        assert learning
        assert not any("embed" in name or "wte" in name or "lm_head" in name for name in learning)
    module = objective(network, "chunked", chats.batch())
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    for _ in range(3):
        total, weight = module(*tensors(chats.batch()))
        (total / weight).backward()
        optimizer.step()
    with torch.no_grad():
        tuned = network(**inputs)
        assert not torch.equal(tuned, base)
        after = network.state_dict()
        kept = [n for n in after if "lora" not in n]
        for name in kept:
            original = before.get(name.replace(".base_layer", "").replace(".base", ""))
            assert original is not None, name
            assert torch.equal(after[name], original), name
        merged = merged_copy(network.model)(**{n: v for n, v in inputs.items() if n != "attention_mask"}).logits
        torch.testing.assert_close(merged, tuned, rtol=1e-5, atol=1e-5)
