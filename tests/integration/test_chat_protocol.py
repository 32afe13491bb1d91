"""OpenAI's protocol, over streamed and whole answers, as the official client and as hostile ones ask for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from burnish.answering.predictor import load
from burnish.server.app import create
from burnish.server.settings import KEYS, Settings
from tests.chat_bundles import chat_bundle
from tests.integration.chat_requests import CHAT, TEXT, asked, events, sent
from tests.integration.hostile_chats import USER, hostile

TOOL = {"type": "function", "function": {"name": "fare", "parameters": {"type": "object"}}}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chat_bundle(tmp_path_factory.mktemp("protocol") / "bundle", template="chatml-tools", max_new_tokens=12)


@pytest.fixture(scope="module")
def client(bundle: Path) -> Iterator[TestClient]:
    settings = Settings(bundles=[f"harbour@1={bundle}"], max_output_tokens=64)
    with TestClient(create(settings), raise_server_exceptions=False) as found:
        yield found


def told(response: Any, number: int = 0) -> tuple[str, str, dict[str, int]]:
    """Content, reason and usage of a streamed answer."""
    found = events(response.text)
    pieces = [c for event in found for c in event["choices"] if c["index"] == number]
    content = "".join(c["delta"].get("content", "") if "delta" in c else c["text"] for c in pieces)
    (reason,) = [c["finish_reason"] for c in pieces if c["finish_reason"]]
    return content, reason, found[-1]["usage"]


@pytest.mark.parametrize("place", [CHAT, TEXT])
@pytest.mark.parametrize(
    "fields",
    [{"seed": 3}, {"temperature": 0}, {"seed": 5, "stop": ["a"]}, {"seed": 1, "n": 2}, {"seed": 7, "top_p": 0.5}],
)
def test_streamed_and_whole_are_the_same(client: TestClient, place: str, fields: dict[str, Any]) -> None:
    whole = asked(client, place, **fields).json()
    streamed = asked(client, place, **fields, stream=True, stream_options={"include_usage": True})
    assert streamed.headers["content-type"].startswith("text/event-stream")
    for choice in whole["choices"]:
        content = choice["message"]["content"] if place == CHAT else choice["text"]
        assert told(streamed, choice["index"]) == (content, choice["finish_reason"], whole["usage"])
    assert whole["usage"]["total_tokens"] == whole["usage"]["prompt_tokens"] + whole["usage"]["completion_tokens"]


def test_the_answer_is_that_of_the_predictor_alone_and_among_others(client: TestClient, bundle: Path) -> None:
    """Rows that are written side by side: each as alone, whatever the others ask for."""
    predictor = load(bundle, runtime="torch")
    wanted = [{"seed": n, "max_tokens": 4 + n, "temperature": 0.5 + n / 5} for n in range(8)]

    def answer(fields: dict[str, Any]) -> str:
        return str(asked(client, **fields).json()["choices"][0]["message"]["content"])

    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(answer, wanted))
    for fields, content in zip(wanted, together, strict=True):
        reply = predictor.stream(
            [USER], seed=fields["seed"], max_new_tokens=fields["max_tokens"], temperature=fields["temperature"]
        )
        assert "".join(reply).strip() == content
    usage = asked(client, seed=1).json()["usage"]
    assert usage["prompt_tokens"] == reply.prompt_tokens


@pytest.mark.parametrize(
    ("fields", "status", "param", "words"),
    [
        ({"model": "zebra"}, 404, "model", "ask one of harbour"),
        ({"messages": [USER, USER]}, 400, "messages", "expected assistant"),
        ({"messages": [{"role": "captain", "content": "x"}]}, 400, "messages[0].role", "send one of"),
        ({"messages": [{"role": "user", "content": "word " * 900}]}, 400, "messages", "send less"),
        ({"max_tokens": 65}, 400, "max_tokens", "at most 64"),
        ({"tools": [{"type": "function", "function": {}}]}, 400, "tools[0].function.name", "send up to"),
        ({"tool_choice": "required"}, 400, "tool_choice", "send tools"),
        ({"tools": [TOOL], "tool_choice": "always"}, 400, "tool_choice", "required"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "zoo"}}},
            400,
            "tool_choice",
            "one of fare",
        ),
        (
            {"tools": [TOOL], "tool_choice": "required", "response_format": {"type": "json_object"}},
            400,
            "response_format",
            "send one of them",
        ),
        ({"response_format": {"type": "json_schema"}}, 400, "response_format.json_schema.schema", "send a JSON schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "odd"}}}},
            400,
            "response_format",
            "schema",
        ),
        ({"top_logprobs": 2}, 400, "top_logprobs", "set logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, 400, "top_logprobs", "less than or equal to 20"),
        ({"presence_penalty": 2.5}, 400, "presence_penalty", "less than or equal to 2"),
        ({"logit_bias": {"a": 1}}, 400, "logit_bias", "send token ids"),
        ({"logit_bias": {"5": 101}}, 400, "logit_bias", "-100 to 100"),
        ({"logit_bias": {"99999": 1}}, 400, "logit_bias", "the model has tokens 0 to"),
        ({"stop": [""]}, 400, "stop", "1 to 500"),
        ({"temperature": "hot"}, 400, "temperature", "number"),
        ({"colour": 1}, 400, "colour", "leave it out"),
    ],
)
def test_what_is_wrong_is_said_as_the_protocol_says_it(
    client: TestClient, fields: dict[str, Any], status: int, param: str, words: str
) -> None:
    response = sent(client, **fields)
    error = response.json()["error"]
    assert response.status_code == status
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] == param
    assert words in error["message"]
    assert asked(client, max_tokens=1).json()["choices"]  # others are answered


def test_without_a_seed_every_draw_is_another(client: TestClient) -> None:
    one, other = asked(client, n=2).json()["choices"]
    assert one["message"]["content"] != other["message"]["content"]


def test_what_changes_nothing_is_taken(client: TestClient) -> None:
    plain = asked(client, seed=4).json()["choices"]
    fields = {"user": "a", "presence_penalty": 0, "top_p": 1, "logprobs": False, "n": 1, "tool_choice": None}
    assert asked(client, seed=4, **fields).json()["choices"] == plain
    parts = [{"role": "user", "content": [{"type": "text", "text": USER["content"]}]}]
    assert asked(client, seed=4, messages=parts).json()["choices"] == plain


def test_hostile_requests_get_answers_or_errors(client: TestClient) -> None:
    for place, body in hostile(200):
        response = client.post(place, content=body, headers={"content-type": "application/json"})
        assert response.status_code < 500, (body[:300], response.text[:300])
        if response.status_code >= 400:
            assert set(response.json()["error"]) == {"message", "type", "param", "code"}, body[:300]


def test_other_addresses_answer_as_well(client: TestClient) -> None:
    answer = client.post("/predict", json={"messages": [USER]}).json()
    assert answer["ended"] in ("stop", "length")
    tensor = {"name": "conversation", "shape": [1], "datatype": "BYTES", "data": [USER["content"]]}
    (output,) = client.post("/v2/models/harbour/infer", json={"inputs": [tensor]}).json()["outputs"]
    assert (output["datatype"], output["data"]) == ("BYTES", [answer["answer"]])
    assert [m["id"] for m in client.get("/v1/models").json()["data"]] == ["harbour"]
    assert client.get("/v1/models/harbour").json()["id"] == "harbour"
    counts = client.get("/metrics").text
    for name in (
        "first_token_seconds_count",
        "tokens_per_second_count",
        "tokens_total",
        "writing_waiting",
        "ended_total",
    ):
        assert f"burnish_{name}" in counts
    assert "chat" in client.get("/").text.lower()


def test_keys_and_a_full_queue(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEYS, "k" * 20)
    app = create(Settings(bundles=[f"harbour@1={bundle}"], max_queue=1))
    with TestClient(app, raise_server_exceptions=False) as closed:
        refused = closed.post(CHAT, json={"model": "harbour", "messages": [USER]})
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")
        writer = app.state.models[0].writer
        writer.close()  # nothing leaves the queue any more
        writer._thread.join(30)
        writer._queue.append(type("Waiting", (), {"left": False})())
        headers = {"authorization": "Bearer " + "k" * 20}
        full = closed.post(CHAT, json={"model": "harbour", "messages": [USER]}, headers=headers)
        assert full.status_code == 503
        assert int(full.headers["retry-after"]) >= 1
        assert full.json()["error"]["type"] == "server_error"


def test_the_official_client(client: TestClient) -> None:
    openai = pytest.importorskip("openai", reason="the openai package is not installed")
    official = openai.OpenAI(api_key="none", base_url="http://testserver/v1", http_client=client, max_retries=0)
    ask = {"model": "harbour", "messages": [USER], "seed": 2}
    whole = official.chat.completions.create(**ask)
    pieces = list(official.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
    assert "".join(p.choices[0].delta.content or "" for p in pieces if p.choices) == whole.choices[0].message.content
    assert pieces[-1].usage == whole.usage
    with_tools = official.chat.completions.create(**ask, tools=[TOOL])
    assert with_tools.choices[0].finish_reason in ("stop", "length", "tool_calls")
    schema = {"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"], "additionalProperties": False}
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": True}}
    held = official.chat.completions.create(**ask, response_format=form, max_tokens=40).choices[0]
    if held.finish_reason == "stop":
        assert json.loads(held.message.content)["n"] in (1, 2)
    with pytest.raises(openai.NotFoundError, match="there is no model"):
        official.chat.completions.create(**{**ask, "model": "zebra"})
    assert [m.id for m in official.models.list()] == ["harbour"]
