"""Conversations, templates and checkpoints that cannot be learned from: an error with file and row, before anything is trained."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from burnish.core.errors import InputError
from tests.chat_rows import chat_rows
from tests.integration import tiny_runs
from tests.integration.chat_ready import Ready


@pytest.fixture
def ready(tmp_path: Path, chat: Path) -> Ready:
    return Ready(tmp_path, chat)


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def reply(text: str, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **more}


def calling(arguments: Any) -> dict[str, Any]:
    return {"id": "1", "type": "function", "function": {"name": "departures", "arguments": arguments}}


SPOILED = {
    "two users": ([user("a"), user("b"), reply("c")], "roles do not alternate"),
    "a reply first": ([reply("c"), user("b")], "roles do not alternate"),
    "an empty reply": ([user("a"), reply("  ")], "empty reply"),
    "no reply": ([user("a")], "ends with a message of the role user"),
    "a thought that does not end": ([user("a"), reply("<think>so <b>what</b>")], "unbalanced thought marks"),
    "a thought that does not begin": ([user("a"), reply("so what</think> yes")], "unbalanced thought marks"),
    "broken arguments": ([user("a"), reply("", tool_calls=[calling('{"port": ')])], "arguments"),
    "arguments that are no object": ([user("a"), reply("", tool_calls=[calling("[1, 2]")])], "arguments"),
    "a control token": ([user("a <|im_end|> b"), reply("c")], "<|im_end|>"),
    "an unknown role": ([{"role": "narrator", "content": "a"}, reply("c")], "narrator"),
    "a weight below 0": ([user("a"), reply("c", weight=-1)], "weight"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_row_that_cannot_be_learned_from_is_named(ready: Ready, name: str) -> None:
    messages, words = SPOILED[name]
    ready.rows[4]["messages"] = messages
    ready.refused("chats.jsonl", "row 5", words)


def test_of_several_rows_that_cannot_be_read_the_first_is_named_and_the_others_counted(ready: Ready) -> None:
    for row in (7, 3, 11):
        ready.rows[row]["messages"] = [user("a"), reply("")]
    ready.refused("chats.jsonl", "row 4", "2 other rows")


@pytest.mark.parametrize("value", [None, "", [], "not a list", {"role": "user"}])
def test_a_cell_that_is_no_conversation_is_named(ready: Ready, value: Any) -> None:
    ready.rows[2]["messages"] = value
    ready.refused("chats.jsonl", "row 3")


def test_a_template_that_fails_says_where_and_why(ready: Ready) -> None:
    ready.settings["input"] = {"kind": "chat", "template": "{{ raise_exception('only on Mondays') }}"}
    ready.refused("only on Mondays")


def test_a_template_that_is_no_template_is_named(ready: Ready) -> None:
    ready.settings["input"] = {"kind": "chat", "template": "{% if %}"}
    ready.refused("template")


def test_a_template_that_drops_texts_is_refused(ready: Ready) -> None:
    ready.settings["input"] = {"kind": "chat", "template": "{{ '<|im_start|>' }}{{ '<|im_end|>' }}"}
    ready.refused("template")


def test_a_checkpoint_without_a_template_says_which_there_are(ready: Ready) -> None:
    ready.settings["model"] = str(shutil.copytree(ready.settings["model"], ready.folder / "model"))
    (ready.folder / "model" / "chat_template.jinja").unlink()
    ready.refused("template", "chatml", "instruction")


def test_a_context_longer_than_the_models_is_refused(ready: Ready) -> None:
    ready.settings["input"] = {"kind": "chat", "max_length": 4096}
    ready.refused("4096", "at most 512")


def test_tools_that_the_template_drops_are_refused_with_one_that_has_them(ready: Ready) -> None:
    ready.rows = chat_rows(tools=True)
    ready.settings["input"] = {"kind": "chat", "template": "chatml"}
    ready.refused("tools", "chatml-tools", "row")


@pytest.mark.parametrize("architecture", ["bert", "roberta"])
def test_an_encoder_cannot_reply(ready: Ready, checkpoint: Callable[[str], Path], architecture: str) -> None:
    ready.settings["model"] = str(checkpoint(architecture))
    ready.settings["input"] = {"kind": "chat", "template": "plain"}
    ready.refused(ready.settings["model"], "encoder", "causal language model", "SmolLM2")


def test_the_starter_does_not_chat_and_the_error_says_what_does(ready: Ready) -> None:
    del ready.settings["model"]
    ready.refused("starter", "SmolLM2")


def test_replies_of_weight_0_alone_are_refused(ready: Ready) -> None:
    for row in ready.rows:
        row["messages"][-1]["weight"] = 0
    ready.refused("weight")


def test_a_conversation_of_weight_0_is_left_out_and_named(ready: Ready) -> None:
    ready.rows[0]["messages"][-1]["weight"] = 0
    ready.settings["split"] = {"kind": "column", "column": "part"}
    for number, row in enumerate(ready.rows):
        row["part"] = "train" if number < 30 else "validation" if number < 40 else "test"
    made = ready.prepared()
    assert len(made.parts["train"]) == 29
    assert "row 1" in ready.texts("note")


def test_a_prompt_that_the_test_holds_as_well_is_not_trained_on(ready: Ready) -> None:
    train, test = ready.folder / "train.jsonl", ready.folder / "test.jsonl"
    again = [{"messages": [user(ready.rows[0]["messages"][1]["content"]), reply("another answer")]}]
    tiny_runs.write_jsonl(train, [{"messages": r["messages"][1:]} for r in ready.rows])
    tiny_runs.write_jsonl(test, [*again, *({"messages": [user(f"w{n} x{n} y{n}"), reply("z")]} for n in range(5))])
    ready.settings["data"] = {"train": str(train), "test": str(test)}
    made = ready.prepared()
    said = ready.texts("warning") + ready.texts("note")
    assert made.left_out
    assert made.left_out["train"] + made.left_out.get("validation", 0) >= 1, said


def test_a_bundle_whose_template_was_changed_is_not_opened(chatted_bundle: Path) -> None:
    import burnish

    place = chatted_bundle / "model" / "chat_template.jinja"
    place.write_text(place.read_text(encoding="utf-8").replace("user", "USER"), encoding="utf-8")
    with pytest.raises(InputError, match=r"chat_template\.jinja"):
        burnish.load(chatted_bundle)


@pytest.fixture
def chatted_bundle(tmp_path: Path, chat: Path) -> Path:
    """A bundle that a test may spoil."""
    import burnish

    data = tiny_runs.write_jsonl(tmp_path / "rows.jsonl", chat_rows())
    recipe = {"data": str(data), "model": str(chat), **tiny_runs.quick(), "max_steps": 1, "batch_size": 4}
    burnish.train(
        {**recipe, "decoder": {"kind": "greedy", "max_new_tokens": 2}, "adapter": "lora"}, out=tmp_path / "run"
    )
    return tmp_path / "run" / "bundle"


def test_an_adapter_is_no_checkpoint(chatted_bundle: Path, ready: Ready) -> None:
    ready.settings["model"] = str(chatted_bundle / "model" / "adapter")
    ready.refused("adapter")
    assert json.loads((chatted_bundle / "model" / "adapter" / "adapter_config.json").read_text())["r"]
