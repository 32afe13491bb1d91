"""Long conversations are cut between exchanges; a reply is whole or lost, and what is lost is counted by cause."""

from __future__ import annotations

from dataclasses import replace

import pytest

from burnish.core.errors import InputError
from burnish.media.chat import _windows
from burnish.media.chat.conversation import Conversation, Message
from burnish.media.chat.preview import preview
from burnish.media.chat.rendered import ALL_TURNS
from burnish.media.chat.tally import Tally
from tests.chat_cases import TOOLS, renderer, supervised, talk, tokenizer, tool_talk

LONG = talk(*(f"{who} {n} " + "is the harbour cat" for n in range(6) for who in ("ask", "say")), system="Be brief.")


@pytest.mark.parametrize("name", ["chatml", "qwen3", "phi3"])
def test_every_reply_is_learned_once_with_as_much_context_as_fits(name: str) -> None:
    own = renderer(name)
    size = len(own.examples(LONG).examples[-1].ids)
    row = own.examples(LONG, limit=size // 2)
    learned = [s.message for e in row.examples for s in e.spans]
    assert learned == [2, 4, 6, 8, 10, 12]
    assert not row.lost
    assert row.shortened > 0
    assert all(len(e.ids) <= size // 2 for e in row.examples)
    assert all("Be brief." in tokenizer().decode(e.ids.tolist()) for e in row.examples)
    assert all(LONG.messages[e.messages[1]].role == "user" for e in row.examples)


def test_a_prompt_in_service_leaves_out_whole_exchanges() -> None:
    own = renderer("chatml")
    asked = replace(LONG, messages=LONG.messages[:-1])
    whole = own.prompt(asked)
    cut = own.prompt(asked, limit=len(whole) // 2)
    text = tokenizer().decode(cut)
    assert len(cut) <= len(whole) // 2
    assert "Be brief." in text
    assert "ask 5" in text
    assert "ask 0" not in text
    with pytest.raises(InputError, match="the last message with its exchange takes"):
        own.prompt(asked, limit=10)


@pytest.mark.parametrize(
    ("said", "limit", "cause"),
    [
        (talk("Where?", "here " * 60), 60, _windows.REPLY),
        (talk("where " * 60, "Here."), 60, _windows.PROMPT),
        (talk("where " * 10, "here " * 10), 70, _windows.TOGETHER),
    ],
)
def test_replies_that_do_not_fit_are_lost_whole_and_counted_by_cause(
    said: Conversation, limit: int, cause: str
) -> None:
    row = renderer("chatml").examples(said, limit=limit)
    assert row.examples == ()
    assert list(row.lost) == [cause]
    assert row.lost[cause] > 2
    tally = Tally()
    tally.add(row, "talks.jsonl, row 9")
    with pytest.raises(InputError, match=r"talks.jsonl, row 9: no token of 1 conversations is learned"):
        tally.refuse(replies_only=True)
    assert any(cause in sentence for sentence in tally.sentences())


def test_nothing_is_cut_inside_a_call() -> None:
    own = renderer("tools")
    whole = own.examples(tool_talk())
    first_reply = whole.examples[0].spans[1].end
    row = own.examples(tool_talk(), limit=first_reply - 1)
    assert row.lost == {_windows.TOOLS: whole.examples[0].spans[1].end - whole.examples[0].spans[1].start}
    for example in row.examples:
        roles = [tool_talk().messages[n].role for n in example.messages]
        assert roles[0] == "user"
        assert ("tool" in roles) <= ("assistant" in roles[: roles.index("tool")] if "tool" in roles else True)
    assert [s.message for e in row.examples for s in e.spans] == [1, 5]


def test_rows_of_which_nothing_is_left_are_named_unless_they_are_allowed() -> None:
    own = renderer("chatml")
    tally = Tally()
    for number, said in enumerate([talk("Hi", "Ahoy!"), talk("Hi", "ahoy " * 90)], 1):
        tally.add(own.examples(said, limit=80), f"row {number}")
    with pytest.raises(InputError, match=r"row 2: nothing is left of 1 of 2 rows: the reply is longer"):
        tally.refuse(replies_only=True)
    tally.refuse(replies_only=True, vanished=True)
    assert (tally + tally).rows == 4
    assert (tally + tally).vanished == ["row 2", "row 2"]


def test_everything_learned_by_mistake_is_refused() -> None:
    own = renderer("plain")
    tally = Tally()
    tally.add(own.examples(talk("a", "b"), ALL_TURNS), "row 1")
    with pytest.raises(InputError, match="prompts included"):
        tally.refuse(replies_only=True)
    tally.refuse(replies_only=False)


def test_rows_of_weight_0_are_told() -> None:
    silent = Conversation((Message("user", "Hi"), Message("assistant", "Ahoy!", weight=0.0)))
    tally = Tally()
    tally.add(renderer("chatml").examples(silent), "row 1")
    assert "rows of weight 0: row 1" in " ".join(tally.sentences())
    with pytest.raises(InputError, match="no token"):
        tally.refuse(replies_only=True)


@pytest.mark.parametrize("name", ["chatml", "tools", "mistral"])
def test_the_preview_shows_what_the_model_reads_and_what_is_learned(name: str) -> None:
    own = renderer(name)
    examples = own.examples(talk("Wo ist die Kätze 🐈?", "Auf der Fähre 🛥, glaube ich.")).examples
    (shown,) = preview(tokenizer(), [("row 1", e) for e in examples])
    assert "".join(text for text, _ in shown.pieces) == tokenizer().decode(
        examples[0].ids.tolist(), skip_special_tokens=False
    )
    assert [text for text, learned in shown.pieces if learned] == supervised(own, examples[0])
    assert shown.sentence() == f"row 1: {shown.learned} of {shown.tokens} tokens are learned."
    assert "⟦" in shown.marked()


def test_three_rows_are_shown() -> None:
    own = renderer("tools")
    examples = [("row", e) for n in range(5) for e in own.examples(talk(f"{n}?", "Yes.", tools=TOOLS)).examples]
    assert len(preview(tokenizer(), examples)) == 3


def test_one_of_the_rows_shown_has_a_call() -> None:
    own = renderer("tools")
    without = [("row", e) for n in range(4) for e in own.examples(talk(f"{n}?", "Yes.", tools=TOOLS)).examples]
    with_call = [("call", e) for e in own.examples(tool_talk()).examples]
    assert [p.where for p in preview(tokenizer(), [*without, *with_call, *without])] == ["row", "row", "call"]
    assert [p.where for p in preview(tokenizer(), [*with_call, *without])] == ["call", "row", "row"]
