"""Prompts that completions tell again (`echo`), and the log probabilities of their tokens: what likelihood tasks ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from starlette.testclient import TestClient

from burnish.answering.predictor import load
from burnish.media.chat.processor import ChatProcessor
from burnish.media.text.token_bytes import TokenBytes
from burnish.models.transformers import language
from burnish.server.app import create
from burnish.server.settings import Settings
from tests.chat_bundles import chat_bundle
from tests.integration.chat_requests import TEXT, asked, events, refused

PROMPT = "when does the 渡轮 leave, Größe 2 ?"
LONG = "harbour island and back again " * 6


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chat_bundle(tmp_path_factory.mktemp("echo") / "bundle", max_new_tokens=12)


@pytest.fixture(scope="module")
def client(bundle: Path) -> Iterator[TestClient]:
    settings = Settings(bundles=[f"harbour@1={bundle}"], max_output_tokens=64)
    with TestClient(create(settings), raise_server_exceptions=False) as found:
        yield found


@pytest.fixture(scope="module")
def chat(bundle: Path) -> ChatProcessor:
    chat = load(bundle, runtime="torch").bundle.processor.for_input
    assert isinstance(chat, ChatProcessor)
    return chat


@pytest.fixture(scope="module")
def network(bundle: Path) -> Any:
    run: Any = load(bundle, runtime="torch")._run
    return run._network


def logs(network: Any, ids: list[int]) -> np.ndarray[Any, Any]:
    """Log probabilities [L, V] by one forward pass over all."""
    with torch.inference_mode():
        found: np.ndarray[Any, Any] = network(input_ids=torch.tensor([ids]))[0].double().log_softmax(-1).numpy()
    return found


@pytest.mark.parametrize("piece", [4, 256])
@pytest.mark.parametrize("most", [0, 1, 5])
def test_the_chances_of_a_prompt_are_those_of_one_forward_pass(
    client: TestClient, chat: ChatProcessor, network: Any, monkeypatch: pytest.MonkeyPatch, most: int, piece: int
) -> None:
    """Of several prompts in one request, of unlike length, read in one piece or in several."""
    monkeypatch.setattr(language, "_PIECE", piece)
    prompts = [PROMPT, "when does the ferry leave", LONG]
    fields = {"prompt": prompts, "max_tokens": most, "temperature": 0, "logprobs": 2, "echo": True}
    answer = asked(client, TEXT, **fields).json()
    words = TokenBytes(chat.tokens.tokenizer)
    for prompt, choice in zip(prompts, answer["choices"], strict=True):
        ids, told = chat.text_ids(prompt), choice["logprobs"]
        assert choice["text"].startswith(prompt)
        assert told["tokens"][: len(ids)] == [words.text(one) for one in ids]
        assert (told["token_logprobs"][0], told["top_logprobs"][0]) == (None, None)
        rows = logs(network, ids)
        wanted = [rows[place, token] for place, token in enumerate(ids[1:])]
        assert told["token_logprobs"][1 : len(ids)] == pytest.approx(wanted, abs=1e-4)
        for place, best in enumerate(told["top_logprobs"][1 : len(ids)]):
            assert max(best.values()) == pytest.approx(rows[place].max(), abs=1e-4)
        assert len(told["tokens"]) - len(ids) in ((0,) if most == 0 else range(1, most + 1))
    assert answer["usage"]["prompt_tokens"] == sum(len(chat.text_ids(prompt)) for prompt in prompts)


def test_where_each_token_begins(client: TestClient, chat: ChatProcessor) -> None:
    """In the text as it was sent, characters of several tokens included; of ids in the text that they are."""
    for prompt in (PROMPT, chat.text_ids(PROMPT)):
        (choice,) = asked(client, TEXT, prompt=prompt, max_tokens=3, seed=1, logprobs=0, echo=True).json()["choices"]
        text, told, count = choice["text"], choice["logprobs"], len(chat.text_ids(PROMPT))
        assert text.startswith(PROMPT)
        assert told["text_offset"][0] == 0
        assert told["text_offset"] == sorted(told["text_offset"])
        for place, token in enumerate(told["tokens"][:count]):
            begin, end = told["text_offset"][place : place + 2]
            assert token.startswith("bytes:") or text[begin:end] == token
        assert told["text_offset"][count] == len(PROMPT)


@pytest.mark.parametrize("fields", [{"max_tokens": 0}, {"max_tokens": 1, "seed": 2}, {"seed": 3}, {"seed": 3, "n": 2}])
@pytest.mark.parametrize("many", [None, 1])
def test_streamed_and_whole_are_the_same(client: TestClient, fields: dict[str, Any], many: int | None) -> None:
    what = {"prompt": [PROMPT, "ahoy captain"], "echo": True, "logprobs": many, **fields}
    whole = asked(client, TEXT, **what).json()
    streamed = events(asked(client, TEXT, **what, stream=True, stream_options={"include_usage": True}).text)
    assert streamed[-1]["usage"] == whole["usage"]
    for choice in whole["choices"]:
        own = [one for event in streamed for one in event["choices"] if one["index"] == choice["index"]]
        assert "".join(one["text"] for one in own) == choice["text"]
        assert own[-1]["finish_reason"] == choice["finish_reason"]
        pieces = [log for one in own if one["logprobs"] for log in one["logprobs"]["token_logprobs"]]
        assert pieces == (choice["logprobs"] or {"token_logprobs": []})["token_logprobs"]


def test_what_is_written_behind_a_prompt_is_what_is_written_without(client: TestClient) -> None:
    fields = {"prompt": PROMPT, "seed": 4, "logprobs": 2}
    (without,) = asked(client, TEXT, **fields).json()["choices"]
    (behind,) = asked(client, TEXT, **fields, echo=True).json()["choices"]
    assert behind["text"] == PROMPT + without["text"]
    count = len(without["logprobs"]["tokens"])
    written = behind["logprobs"]["token_logprobs"][-count:]
    if behind["finish_reason"] == "stop":
        written = behind["logprobs"]["token_logprobs"][-count - 1 : -1]
    assert written == pytest.approx(without["logprobs"]["token_logprobs"], abs=1e-4)


def test_the_token_that_ends_it_is_told_behind_the_prompt(client: TestClient, chat: ChatProcessor) -> None:
    """Whoever asks for one token and leaves out the last is left with the prompt's, whatever was written."""
    stop = chat.stops[0]
    fields = {"prompt": PROMPT, "max_tokens": 1, "temperature": 0, "logprobs": 1, "logit_bias": {str(stop): 100}}
    (choice,) = asked(client, TEXT, **fields, echo=True).json()["choices"]
    assert (choice["text"], choice["finish_reason"]) == (PROMPT, "stop")
    assert len(choice["logprobs"]["token_logprobs"]) == len(chat.text_ids(PROMPT)) + 1
    assert choice["logprobs"]["tokens"][-1] == TokenBytes(chat.tokens.tokenizer).text(stop)
    (without,) = asked(client, TEXT, **fields).json()["choices"]
    assert without["logprobs"] is None


def test_a_prompt_that_fills_the_context_may_be_told(client: TestClient, chat: ChatProcessor) -> None:
    ids = (chat.text_ids(LONG) * 50)[: chat.limit]
    (choice,) = asked(client, TEXT, prompt=ids, max_tokens=0, logprobs=0, echo=True).json()["choices"]
    assert len(choice["logprobs"]["tokens"]) == chat.limit
    assert refused(client, TEXT, prompt=ids, max_tokens=1, echo=True)["code"] == "context_length_exceeded"


def test_nothing_without_a_prompt_is_refused(client: TestClient) -> None:
    error = refused(client, TEXT, max_tokens=0)
    assert error["param"] == "max_tokens"
    assert "set echo to true" in error["message"]


def test_a_beam_tells_no_chances(tmp_path: Path) -> None:
    beam = chat_bundle(tmp_path / "beam", kind="beam", temperature=None, width=2, max_new_tokens=4)
    with TestClient(create(Settings(bundles=[f"harbour@1={beam}"])), raise_server_exceptions=False) as client:
        error = refused(client, TEXT, logprobs=1, echo=True)
        assert error["param"] == "logprobs"
        assert "send temperature" in error["message"]
        (choice,) = asked(client, TEXT, prompt=PROMPT, temperature=0, max_tokens=0, logprobs=1, echo=True).json()[
            "choices"
        ]
        assert choice["logprobs"]["tokens"]
