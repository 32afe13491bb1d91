"""Clients that were made for OpenAI's own servers, unchanged: over a socket, against a tiny model.

They are no part of burnish's extras: `pip install openai lm-eval langchain-openai` lets all of this file run.
BURNISH_CHAT_RUN names a run, which is then asked in place of the tiny model.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from pydantic import BaseModel

from burnish.answering.predictor import load
from tests.chat_bundles import chat_bundle
from tests.integration.hostile_chats import USER
from tests.integration.serving import Server, serving

pytestmark = pytest.mark.slow
RUN = "BURNISH_CHAT_RUN"
TOOL = {
    "type": "function",
    "function": {
        "name": "fare",
        "description": "The price of a passage.",
        "strict": True,
        "parameters": {"type": "object", "properties": {"port": {"type": "string"}}},
    },
}
CALLED = {"const": {"name": "fare", "arguments": {"port": "harbour"}}}
"""Nobody taught the tiny model to call: held to this it must write a call."""
ASKED = {"model": "harbour", "messages": [USER], "max_tokens": 40, "seed": 2}
TASK = """
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {rows}}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
generation_kwargs: {{until: ["\\n\\n"], max_gen_toks: 8, temperature: 0}}
metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]
"""

CHOICE = """
task: choice
dataset_path: json
dataset_kwargs: {{data_files: {{test: {rows}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{question}}}}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: "{{{{label}}}}"
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = os.environ.get(RUN)
    if run:
        return Path(run) / "bundle"
    return chat_bundle(tmp_path_factory.mktemp("clients") / "bundle", template="chatml-tools", max_new_tokens=40)


@pytest.fixture(scope="module")
def tools(bundle: Path) -> list[dict[str, Any]]:
    """On offer; none where the template of the run that is named has none."""
    if not os.environ.get(RUN):
        return [TOOL]
    return [TOOL] if "tools" in (bundle / "model" / "chat_template.jinja").read_text(encoding="utf-8") else []


@pytest.fixture(scope="module")
def server(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("log"), f"harbour@1={bundle}") as found:
        yield found.wait_ready()


def installed(name: str) -> Any:
    """The library; the test is skipped, saying so, where it is not."""
    return pytest.importorskip(name, reason=f"{name} is not installed: this client was not tried")


def held(schema: dict[str, Any]) -> dict[str, Any]:
    """The field that holds an answer to a schema."""
    return {"type": "json_schema", "json_schema": {"name": "held", "schema": schema, "strict": True}}


class Booking(BaseModel):
    """What an answer is parsed as."""

    passengers: Literal[1, 2, 3]
    dog: bool


@pytest.fixture(scope="module")
def official(server: Server) -> Any:
    return installed("openai").OpenAI(api_key="none", base_url=f"{server.address}/v1", max_retries=0, timeout=600)


def test_openai_streams(official: Any) -> None:
    """As its helper puts a stream together, and as its asynchronous client does for several at once."""
    stop = official.chat.completions.create(**ASKED).choices[0].message.content[-4:]
    asked = {**ASKED, "stop": stop}  # the helper takes an answer that is cut off for an error
    whole = official.chat.completions.create(**asked)
    with official.chat.completions.stream(**asked, stream_options={"include_usage": True}) as stream:
        pieces = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion()
    assert len(pieces) > 1
    assert "".join(pieces) == whole.choices[0].message.content == final.choices[0].message.content
    assert (final.usage, final.choices[0].finish_reason) == (whole.usage, whole.choices[0].finish_reason)

    async def together() -> list[str]:
        async with installed("openai").AsyncOpenAI(api_key="none", base_url=official.base_url, timeout=600) as client:

            async def one() -> str:
                stream = await client.chat.completions.create(**asked, stream=True)
                return "".join([e.choices[0].delta.content or "" async for e in stream])

            return list(await asyncio.gather(*(one() for _ in range(4))))

    assert asyncio.run(together()) == [whole.choices[0].message.content] * 4


def test_openai_completes_texts(official: Any) -> None:
    asked = {"model": "harbour", "prompt": ["when does", "back again"], "max_tokens": 8, "seed": 1}
    whole = official.completions.create(**asked)
    streamed = ["", ""]
    for event in official.completions.create(**asked, stream=True):
        streamed[event.choices[0].index] += event.choices[0].text
    assert [choice.text for choice in whole.choices] == streamed


def test_openai_gets_calls(official: Any, tools: list[dict[str, Any]]) -> None:
    """Whole and in the pieces of a stream; the result of the call goes back."""
    if not tools:
        pytest.skip("the template of this model has no tools")
    asked = {**ASKED, "tools": tools, "response_format": held(CALLED), "max_tokens": 90}
    (whole,) = official.chat.completions.create(**asked).choices
    assert whole.finish_reason == "tool_calls"
    (call,) = whole.message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("fare", {"port": "harbour"})
    pieces = [p for event in official.chat.completions.create(**asked, stream=True) for p in event.choices]
    (streamed,) = [one for piece in pieces for one in piece.delta.tool_calls or []]
    assert (streamed.function.name, streamed.function.arguments) == ("fare", call.function.arguments)
    assert pieces[-1].finish_reason == "tool_calls"
    result = {"role": "tool", "tool_call_id": call.id, "content": "4 crowns"}
    after = official.chat.completions.create(**{**ASKED, "messages": [USER, whole.message, result]}, tools=tools)
    assert after.usage.prompt_tokens > official.chat.completions.create(**ASKED).usage.prompt_tokens


def test_openai_parses_what_is_held_to_a_schema(official: Any) -> None:
    parsed = official.chat.completions.parse(**{**ASKED, "max_tokens": 90}, response_format=Booking).choices[0]
    assert parsed.finish_reason == "stop"
    assert isinstance(parsed.message.parsed, Booking)


@pytest.mark.parametrize(
    ("kind", "place", "more", "words"),
    [
        ("local-completions", "completions", "tokenizer_backend=huggingface,tokenizer={tokenizer}", []),
        ("local-completions", "completions", "tokenizer_backend=none,tokenized_requests=False", []),
        ("local-chat-completions", "chat/completions", "num_concurrent=3", ["--apply_chat_template"]),
    ],
)
def test_lm_evaluation_harness(
    server: Server, official: Any, bundle: Path, tmp_path: Path, kind: str, place: str, more: str, words: list[str]
) -> None:
    """Half of the answers are what the server writes, so the score must be a half."""
    questions = ["when does the ferry leave ?", "and back again ?", "what is the fare ?", "a dog and a ticket"]
    rows = []
    for number, question in enumerate(questions):
        how: dict[str, Any] = {"model": "harbour", "max_tokens": 8, "temperature": 0, "stop": ["\n\n"]}
        if place == "completions":
            answer = official.completions.create(**how, prompt=question).choices[0].text
        else:
            turns = [{"role": "user", "content": question}]
            answer = official.chat.completions.create(**how, messages=turns).choices[0].message.content
        rows.append({"question": question, "answer": answer + " not this" * (number % 2)})
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "harbour.yaml").write_text(TASK.format(name="harbour", rows=tmp_path / "rows.jsonl"), encoding="utf-8")
    how = f"model=harbour,base_url={server.address}/v1/{place},{more.format(tokenizer=bundle / 'model')}"
    results = harnessed(tmp_path, ["--model", kind, "--model_args", how, "--tasks", "harbour", *words])
    assert results["harbour"]["exact_match,none"] == 0.5


def test_lm_evaluation_harness_compares_likelihoods(server: Server, bundle: Path, tmp_path: Path) -> None:
    """Of each choice behind its question, as one forward pass gives it; half of the labels are the likeliest choice."""
    chat: Any = load(bundle, runtime="torch").bundle.processor.for_input
    network: Any = load(bundle, runtime="torch")._run
    choices = ["the boat", "a dog and a ticket", "渡轮", "back again to harbour island"]
    rows, wanted = [], []
    for number, question in enumerate(["when does the ferry leave ?", "and back ?", "what is the fare ?", "ahoy"]):
        logs = [likelihood(network._network, chat.tokens.tokenizer, question, f" {choice}") for choice in choices]
        likeliest = logs.index(max(logs))
        rows.append({"question": question, "choices": choices, "label": (likeliest + number % 2) % len(choices)})
        wanted.append(logs)
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "choice.yaml").write_text(CHOICE.format(rows=tmp_path / "rows.jsonl"), encoding="utf-8")
    place = f"base_url={server.address}/v1/completions,tokenizer_backend=huggingface,tokenizer={bundle / 'model'}"
    words = ["--model", "local-completions", "--model_args", f"model=harbour,{place}", "--tasks", "choice"]
    results = harnessed(tmp_path, [*words, "--batch_size", "8", "--log_samples"])
    assert results["choice"]["acc,none"] == 0.5
    (samples,) = (tmp_path / "out").rglob("samples_*.jsonl")
    for line in samples.read_text(encoding="utf-8").splitlines():
        sample = json.loads(line)
        told = [float(response[0][0]) for response in sample["resps"]]
        assert told == pytest.approx(wanted[sample["doc_id"]], abs=1e-3)


def likelihood(network: Any, tokenizer: Any, context: str, continuation: str) -> float:
    """Log of the probability of a text behind another, by one forward pass."""
    begin = len(tokenizer.encode(context, add_special_tokens=False).ids)
    ids = tokenizer.encode(context + continuation, add_special_tokens=False).ids
    with torch.inference_mode():
        logs = network(input_ids=torch.tensor([ids]))[0].double().log_softmax(-1)
    return float(sum(logs[place - 1, ids[place]] for place in range(begin, len(ids))))


def harnessed(tmp_path: Path, words: list[str]) -> Any:
    """The results of lm-evaluation-harness over the tasks in this folder; the test is skipped where it is not installed."""
    if importlib.util.find_spec("lm_eval") is None:
        pytest.skip("lm_eval is not installed: this client was not tried")
    command = [sys.executable, "-m", "lm_eval", *words]
    command += ["--include_path", str(tmp_path), "--output_path", str(tmp_path / "out")]
    settings = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_CACHE": str(tmp_path / "cache"),
        "OPENAI_API_KEY": "none",
    }
    done = subprocess.run(command, capture_output=True, text=True, env=settings, check=False, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    (written,) = (tmp_path / "out").rglob("results_*.json")
    return json.loads(written.read_text())["results"]


def test_langchain(server: Server, official: Any, tools: list[dict[str, Any]]) -> None:
    """Whole, streamed, with a tool bound, and parsed."""
    openai = installed("langchain_openai")
    chat = openai.ChatOpenAI(
        model="harbour", base_url=f"{server.address}/v1", api_key="none", seed=2, max_tokens=90, timeout=600
    )
    wanted = official.chat.completions.create(**{**ASKED, "max_tokens": 90})
    turns = [("human", USER["content"])]
    whole = chat.invoke(turns)
    assert whole.content == wanted.choices[0].message.content
    assert whole.usage_metadata["output_tokens"] == wanted.usage.completion_tokens
    pieces = list(chat.stream(turns))
    assert "".join(piece.content for piece in pieces) == whole.content
    assert len(pieces) > 2
    if tools:
        called = chat.bind_tools(tools).invoke(turns, response_format=held(CALLED))
        assert [(c["name"], c["args"]) for c in called.tool_calls] == [("fare", {"port": "harbour"})]
    assert isinstance(chat.with_structured_output(Booking, method="json_schema").invoke(turns), Booking)
