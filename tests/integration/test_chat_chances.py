"""What OpenAI's protocol tells of single tokens, and what it forces: log probabilities, penalties, calls that must come."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from starlette.testclient import TestClient

from burnish.answering.predictor import load
from burnish.core.errors import InputError
from burnish.media.chat.call_form import call_form
from burnish.media.chat.processor import ChatProcessor
from burnish.media.text.token_bytes import TokenBytes
from burnish.runtimes._side_by_side import SideBySide
from burnish.server.app import create
from burnish.server.settings import Settings
from tests.chat_bundles import chat_bundle
from tests.integration.chat_requests import CHAT, TEXT, asked, events, refused
from tests.slow_cases import slow_but

ARGUMENTS = {"enum": [{"n": 1}, {"n": 2}]}  # short: the context of this model is

JSON = "({'name': call['function']['name'], 'arguments': call['function']['arguments']} | tojson)"


def tool(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": ARGUMENTS}}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chat_bundle(tmp_path_factory.mktemp("chances") / "bundle", template="chatml-tools", max_new_tokens=12)


@pytest.fixture(scope="module")
def client(bundle: Path) -> Iterator[TestClient]:
    settings = Settings(bundles=[f"harbour@1={bundle}"], max_output_tokens=64)
    with TestClient(create(settings), raise_server_exceptions=False) as found:
        yield found


def joined(pieces: list[Any]) -> Any:
    """Log probabilities of the events of a streamed answer as one."""
    out: dict[str, Any] = {}
    for piece in [piece for piece in pieces if piece is not None]:
        for name, value in piece.items():
            out[name] = out.get(name, []) + value if isinstance(value, list) else value
    return out


@pytest.mark.parametrize(("place", "many"), [(CHAT, {"logprobs": True, "top_logprobs": 3}), (TEXT, {"logprobs": 3})])
@pytest.mark.parametrize(
    "fields", [{"seed": 3}, {"seed": 5, "stop": ["a", "e"]}, {"temperature": 0}, {"seed": 1, "n": 2}]
)
def test_streamed_and_whole_have_the_same_chances(
    client: TestClient, place: str, many: dict[str, Any], fields: dict[str, Any]
) -> None:
    whole = asked(client, place, **many, **fields).json()
    told = [
        choice
        for event in events(asked(client, place, **many, **fields, stream=True).text)
        for choice in event["choices"]
    ]
    for choice in whole["choices"]:
        own = [one for one in told if one["index"] == choice["index"]]
        assert joined([one["logprobs"] for one in own]) == choice["logprobs"]
        assert place == TEXT or own[0]["logprobs"] is None  # of the role
    assert asked(client, place, **fields).json()["choices"][0]["logprobs"] is None


def test_chances_are_those_of_the_network(client: TestClient, bundle: Path) -> None:
    """Each token's, by one forward pass over prompt and answer; bytes and texts make the answer."""
    (choice,) = asked(client, TEXT, prompt="when does", seed=3, temperature=0.3, logprobs=4).json()["choices"]
    told = choice["logprobs"]
    (chat,) = asked(client, seed=3, logprobs=True, top_logprobs=2).json()["choices"]
    spelt = b"".join(bytes(one["bytes"]) for one in chat["logprobs"]["content"]).decode(errors="replace").strip()
    assert spelt == chat["message"]["content"]
    predictor = load(bundle, runtime="torch")
    processor = predictor.bundle.processor.for_input
    assert isinstance(processor, ChatProcessor)
    words = TokenBytes(processor.tokens.tokenizer)
    by_text = {words.text(token): token for token in range(processor.size)}
    ids = [by_text[text] for text in told["tokens"]]
    prompt = processor.text_ids("when does")
    network: Any = predictor._run
    with torch.inference_mode():
        logits = network._network(input_ids=torch.tensor([[*prompt, *ids]]))[0].double().log_softmax(-1).numpy()
    for place, token in enumerate(ids):
        row = logits[len(prompt) - 1 + place]
        assert told["token_logprobs"][place] == pytest.approx(row[token], abs=1e-4)
        best = sorted(told["top_logprobs"][place].values(), reverse=True)[:4]
        assert best == pytest.approx(sorted(row, reverse=True)[:4], abs=1e-4)
        assert told["text_offset"][place] == len(processor.text(ids[:place]).rstrip("\ufffd"))


def test_completions_may_ask_for_the_chosen_alone(client: TestClient) -> None:
    (choice,) = asked(client, TEXT, seed=3, logprobs=0).json()["choices"]
    assert all(len(one) == 1 for one in choice["logprobs"]["top_logprobs"])


@pytest.mark.parametrize(("most", "asked_for", "instead"), [(0, 1, "leave them out"), (1, 2, "ask for max_tokens 1")])
def test_a_runtime_that_cannot_tell_chances_says_so(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, most: int, asked_for: int, instead: str
) -> None:
    monkeypatch.setattr(SideBySide, "most_told", most)
    error = refused(client, logprobs=True, max_tokens=asked_for)
    assert error["param"] == "logprobs"
    assert "--runtime torch" in error["message"]
    assert instead in error["message"]


def test_penalties_and_biases_change_what_is_written(client: TestClient) -> None:
    """A bias decides; a penalty as large as can be keeps a token from being written twice in a row."""
    (choice,) = asked(client, logit_bias={"500": 100}, temperature=0, max_tokens=4, logprobs=True).json()["choices"]
    tokens = [one["token"] for one in choice["logprobs"]["content"]]
    assert len(set(tokens)) == 1
    more = {"frequency_penalty": 2, "presence_penalty": 2, "logit_bias": {"500": 5}}
    (other,) = asked(client, **more, temperature=0, max_tokens=12, logprobs=True).json()["choices"]
    assert len({one["token"] for one in other["logprobs"]["content"]}) > 3


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "f"}}])
@pytest.mark.parametrize("seed", slow_but([1, 2, 3], 1))
def test_a_call_is_forced(client: TestClient, choice: Any, seed: int) -> None:
    """Of one of the tools, or of the one that is named; its arguments fit, streamed and whole."""
    fields = {"tools": [tool("g"), tool("f")], "tool_choice": choice, "seed": seed, "max_tokens": 64}
    fields |= {"messages": [{"role": "user", "content": "x"}], "parallel_tool_calls": False}
    whole = asked(client, **fields).json()["choices"][0]
    assert (whole["finish_reason"], whole["message"]["content"]) == ("tool_calls", None)
    (call,) = whole["message"]["tool_calls"]
    assert call["function"]["name"] in (("g", "f") if choice == "required" else ("f",))
    assert json.loads(call["function"]["arguments"])["n"] in (1, 2)
    told = [one for event in events(asked(client, **fields, stream=True).text) for one in event["choices"]]
    (streamed,) = [call for one in told for call in one["delta"].get("tool_calls", [])]
    assert streamed["function"] == call["function"]
    assert told[-1]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("'<tool_call>' +", "'CALL ' +"), "not read back"),
        (("{'name': call", "{'function': call"), None),
        ((JSON, "call['function']['name'] + (call['function']['arguments'] | tojson)"), "otherwise than"),
        ((JSON, "'' ~ call['function']['name']"), "renders no tools and calls"),
        (("'<|im_start|>assistant\\n' }}{% endif", "'<|im_start|>writer\\n' }}{% endif"), "does not begin"),
    ],
)
def test_the_form_of_a_call_is_that_of_the_template(bundle: Path, change: tuple[str, str], says: str | None) -> None:
    chat = load(bundle, runtime="torch").bundle.processor.for_input
    assert isinstance(chat, ChatProcessor)
    form = call_form(chat, [tool("f")])
    assert (chat.marked_text(form.before), chat.marked_text(form.behind)) == ("<tool_call>", "</tool_call>")
    assert list(form.schema("f", ARGUMENTS)["properties"]) == ["name", "arguments"]
    assert chat.template.source.count(change[0]) == 1
    other = replace(chat, template=replace(chat.template, source=chat.template.source.replace(*change)))
    with pytest.raises(InputError, match=says or "no call can be forced"):
        call_form(other, [tool("f")])


def test_forced_arguments_may_refer_to_definitions(client: TestClient) -> None:
    pier = {"$defs": {"P": {"enum": ["A", "B"]}}, "properties": {"p": {"$ref": "#/$defs/P"}}, "required": ["p"]}
    given = {"type": "function", "function": {"name": "f", "parameters": {**pier, "additionalProperties": False}}}
    fields = {"tools": [given], "tool_choice": "required", "seed": 1, "max_tokens": 64}
    (choice,) = asked(client, messages=[{"role": "user", "content": "x"}], **fields).json()["choices"]
    arguments = json.loads(choice["message"]["tool_calls"][0]["function"]["arguments"])
    assert arguments["p"] in ("A", "B")
