"""Rows of many forms: recognised by columns and values, read, and refused with their place where they are broken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.media.chat.checks import unbalanced
from burnish.media.chat.conversation import Conversation, Message, PlainText, TokenIds
from burnish.media.chat.formats import Format, recognise, stored

U, A = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ahoy!"}
TALK = Conversation((Message("user", "Hi"), Message("assistant", "Ahoy!")))


def read(row: dict[str, Any], **named: Any) -> Any:
    return recognise(list(row), [row], **named).read(row, "chats.jsonl, row 3")


@pytest.mark.parametrize(
    ("row", "form"),
    [
        ({"messages": [U, A]}, "messages"),
        ({"messages": json.dumps([U, A])}, "messages"),
        ({"conversations": [U, A]}, "messages"),
        ({"messages": [{**U, "content": [{"type": "text", "text": "Hi"}]}, A]}, "messages"),
        ({"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ahoy!"}]}, "sharegpt"),
        ({"conversations": [{"from": "A", "value": "Hi"}, {"from": "B", "value": "Ahoy!"}]}, "sharegpt"),
        ({"conversation": [{"speaker": "client", "text": "Hi"}, {"speaker": "agent", "text": "Ahoy!"}]}, "sharegpt"),
        ({"instruction": "Hi", "input": "", "output": "Ahoy!"}, "alpaca"),
        ({"prompt": "Hi", "completion": "Ahoy!"}, "prompt_completion"),
        ({"question": "Hi", "answer": "Ahoy!", "final": "3"}, "prompt_completion"),
        ({"text": "noise", "messages": [U, A]}, "messages"),
    ],
)
def test_a_form_is_recognised_and_read(row: dict[str, Any], form: str) -> None:
    found = recognise(list(row), [row])
    assert found.form.name == form
    assert found.read(row, "") == TALK


def test_what_was_recognised_is_said_in_one_sentence() -> None:
    row = {"question": "Hi", "answer": "Ahoy!", "final": "3"}
    assert recognise(list(row), [row]).sentence() == (
        "Rows are prompts and completions (prompt in question, completion in answer; not read: final)."
    )
    guessed = {"conversations": [{"from": "A", "value": "Hi"}, {"from": "B", "value": "Ahoy!"}]}
    assert "A is the user; B is the assistant" in recognise(list(guessed), [guessed]).sentence()


def test_columns_and_roles_can_be_named() -> None:
    row = {"text": "no", "asked": "Hi", "said": "Ahoy!"}
    assert read(row, named={"prompt": "asked", "completion": "said"}) == TALK
    turns = [{"from": "Cat", "value": "Hi"}, {"from": "Dog", "value": "Ahoy!"}, {"from": "Owl", "value": "Hoo"}]
    names = {"Cat": "user", "Dog": "assistant", "Owl": "user"}
    row = {"conversations": turns[:2]}
    assert read(row, role_names=names) == TALK
    with pytest.raises(InputError, match="unknown role 'Owl'"):
        read({"conversations": turns}, role_names={"Cat": "user", "Dog": "assistant"})
    with pytest.raises(InputError, match="no column 'asked'"):
        recognise(["text"], [], named={"prompt": "asked"})
    with pytest.raises(InputError, match="unknown part 'promt'"):
        recognise(["asked"], [], named={"promt": "asked"})
    with pytest.raises(InputError, match="unknown role 'boss'"):
        read(row, role_names={"Cat": "boss"})


def test_no_form_is_refused_with_the_forms_there_are() -> None:
    with pytest.raises(InputError, match="no form of chat or text fits the columns review, stars") as caught:
        recognise(["review", "stars"], [])
    assert "OpenAI messages: messages" in caught.value.expected


def test_alpaca_with_input_system_and_history() -> None:
    row = {"instruction": "Add", "input": "2, 3", "output": "5", "system": "Be brief", "history": [["Hi", "Ahoy!"]]}
    said = read(row)
    assert [(m.role, m.content) for m in said.messages] == [
        *(("system", "Be brief"), ("user", "Hi"), ("assistant", "Ahoy!")),
        *(("user", "Add\n\n2, 3"), ("assistant", "5")),
    ]


def test_prompts_and_completions_of_messages_learn_the_completion_alone() -> None:
    said = read({"prompt": [U, A, U], "completion": [A]})
    assert [m.weight for m in said.messages] == [0.0, 0.0, 0.0, 1.0]


def test_plain_texts_and_token_ids() -> None:
    assert read({"text": "Hello."}) == PlainText("Hello.")
    assert read({"input_ids": [5, 6, 7], "labels": [-100, 6, 7]}) == TokenIds((5, 6, 7), (False, True, True))
    assert read({"input_ids": [5, 6], "completion_mask": [0, 1]}) == TokenIds((5, 6), (False, True))
    with pytest.raises(InputError, match="label 0 is 6, but the token there is 5"):
        read({"input_ids": [5, 6, 7], "labels": [6, 7, -100]})
    with pytest.raises(InputError, match="3 token ids, but 2 in labels"):
        read({"input_ids": [5, 6, 7], "labels": [5, 6]})


def test_rows_to_predict_have_no_reply() -> None:
    form = recognise(["instruction"], [{"instruction": "Hi"}], answered=False)
    assert form.read({"instruction": "Hi"}, "", answered=False) == Conversation((Message("user", "Hi"),))
    with pytest.raises(InputError, match="ends with a message of the role assistant"):
        recognise(["messages"], [{"messages": [U, A]}]).read({"messages": [U, A]}, "", answered=False)


CALL = {"name": "tide", "arguments": {"at": None, "n": 1.0, "ö": "ü"}}


@pytest.mark.parametrize("arguments", [CALL["arguments"], json.dumps(CALL["arguments"])])
def test_calls_and_tools_are_json_text_with_their_nulls_and_order(arguments: object) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "tide", "arguments": arguments}}
    turns = [U, {"role": "assistant", "content": None, "tool_calls": [call]}]
    turns += [{"role": "tool", "content": "09:00", "tool_call_id": "c1", "name": "tide"}, A]
    said = read({"messages": turns, "tools": [{"name": "tide", "parameters": {"default": None}}]})
    assert said.messages[1].tool_calls == (
        '[{"type": "function", "id": "c1", "function": {"name": "tide", "arguments": {"at": null, "n": 1.0, "ö": "ü"}}}]'
    )
    assert said.tools == '[{"type": "function", "function": {"name": "tide", "parameters": {"default": null}}}]'
    assert Conversation.from_text(said.to_text()) == said


def test_sharegpt_with_calls_and_observations() -> None:
    turns = [("human", "Hi"), ("function_call", json.dumps(CALL)), ("observation", "09:00"), ("gpt", "Ahoy!")]
    said = read({"conversations": [{"from": f, "value": v} for f, v in turns], "tools": json.dumps([{"name": "tide"}])})
    assert [m.role for m in said.messages] == ["user", "assistant", "tool", "assistant"]
    assert said.messages[1].calls[0]["function"] == CALL
    assert said.offered == [{"type": "function", "function": {"name": "tide"}}]


def test_weights_of_messages() -> None:
    said = read({"messages": [U, {**A, "weight": 0}, U, {**A, "weight": 0.5}]})
    assert [m.weight for m in said.messages] == [1, 0, 1, 0.5]
    with pytest.raises(InputError, match="message 2 has the weight -1"):
        read({"messages": [U, {**A, "weight": -1}]})


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"messages": [U, U, A]}, r"roles do not alternate: message 2 \(user\) follows user"),
    ({"messages": [A, U, A]}, r"roles do not alternate: message 1 \(assistant\) begins the conversation"),
    ({"messages": [U, A, A]}, "message 3 .assistant. follows assistant"),
    ({"messages": [U]}, "ends with a message of the role user"),
    ({"messages": []}, "without messages"),
    ({"messages": [U, {"role": "assistant", "content": " "}]}, "message 2 is an empty reply"),
    ({"messages": [U, {"role": "robot", "content": "x"}]}, "message 2: the unknown role 'robot'"),
    ({"messages": [U, {"role": "assistant", "content": "I see</think>Ahoy!"}]}, "unbalanced thought marks: </think>"),
    ({"messages": [U, {"role": "assistant", "content": "<think>I see"}]}, "<think> is never closed"),
    ({"messages": "[{broken"}, "messages is broken JSON"),
    ({"messages": [U, A], "tools": "[{"}, "tools is broken JSON"),
    ({"messages": [U, A], "tools": [{"x": 1}]}, "a tool without a name"),
    (
        {"messages": [U, {**A, "tool_calls": [{"name": "f", "arguments": "{'a': 1}"}]}]},
        "the arguments of f is broken JSON",
    ),
    ({"messages": [U, {**A, "tool_calls": [{"name": "f", "arguments": "[1]"}]}]}, "the arguments of f are no object"),
    ({"messages": [U, {**A, "tool_calls": [{"name": "f", "arguments": '{"a": NaN}'}]}]}, "NaN is no JSON"),
    ({"conversations": [{"from": "human", "value": "a"}, {"from": "function_call", "value": "f(x)"}]}, "broken JSON"),
    ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}, A]}, r"a part that is no text \(image_url\)"),
    ({"instruction": "Hi", "output": ""}, "message 2 is an empty reply"),
    ({"instruction": "", "output": "Ahoy!"}, r"message 1 \(user\) is empty"),
    ({"text": " "}, "an empty text"),
]


@pytest.mark.parametrize(("row", "words"), BROKEN)
def test_broken_rows_are_refused_with_their_place(row: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read(row)
    assert caught.value.place.startswith("chats.jsonl, row 3")


def test_results_answer_calls_that_were_made() -> None:
    call = {"id": "c1", "name": "f", "arguments": {}}
    turns = [U, {**A, "tool_calls": [call]}, {"role": "tool", "content": "1", "tool_call_id": "c2"}, A]
    with pytest.raises(InputError, match="answers the call 'c2', which was not made"):
        read({"messages": turns})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<think>a</think>b", ""),
        ("a < b, no thought", ""),
        ("<think>a<think>b</think>", "<think> inside <think>"),
        ("<think>a</reasoning>", "</reasoning> without <reasoning> before it"),
    ],
)
def test_thought_marks(text: str, words: str) -> None:
    assert unbalanced(text) == words


def test_a_format_needs_no_guess() -> None:
    form = recognise(["messages"], [])
    assert isinstance(form, Format)
    assert form.read({"messages": [U, A]}, "") == TALK


def test_tables_keep_lists_and_objects_as_text() -> None:
    tools = [{"name": "a", "parameters": {"x": None}}, {"name": "b", "parameters": {}}]
    row = {"id": 3, "messages": [U, A], "tools": tools}
    form = recognise(list(row), [row])
    assert form.nested == ("messages", "tools")
    kept = {name: stored(cell) for name, cell in row.items()}
    assert kept["id"] == 3
    assert all(isinstance(kept[name], str) for name in form.nested)
    assert form.read(kept, "") == form.read(row, "")


def test_what_the_user_says_is_what_rows_are_grouped_by() -> None:
    assert read({"messages": [{"role": "system", "content": "s"}, U, A, U, A]}).asked == "Hi\nHi"
