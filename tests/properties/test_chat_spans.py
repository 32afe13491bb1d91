"""Laws of rendering, for any texts and lengths: spans are the replies, and pieces joined are the whole."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burnish.core.errors import InputError
from burnish.media.chat.conversation import Conversation, Message
from burnish.media.chat.preview import preview
from tests.chat_cases import renderer, supervised, tokenizer

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=24).filter(
    lambda text: text.strip() == text and text != "" and "<" not in text and "[" not in text
)
NAMES = (
    "chatml",
    "llama3",
    "phi3",
    "mistral",
    "tools",
    "named chatml",
    "qwen3",
    "instruction",
    "plain",
    "marked thought",
)


@st.composite
def talks(draw: st.DrawFn) -> Conversation:
    turns = []
    for _ in range(draw(st.integers(1, 4))):
        turns.append(Message("user", draw(TEXT)))
        turns.append(Message("assistant", draw(TEXT), weight=draw(st.sampled_from([1.0, 1.0, 0.5, 0.0]))))
    return Conversation(tuple(turns))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(said=talks())
def test_spans_are_exactly_the_learned_replies(name: str, said: Conversation) -> None:
    own = renderer(name, **({"enable_thinking": False} if name == "qwen3" else {}))
    row = own.examples(said)
    learned = {n: m for n, m in enumerate(said.messages) if m.role == "assistant" and m.weight > 0}
    spans = [(span, text) for e in row.examples for span, text in zip(e.spans, supervised(own, e), strict=True)]
    assert [span.message for span, _ in spans] == list(learned)
    for span, text in spans:
        stop = next(tokenizer().id_to_token(i) for i in own.stop_ids if text.endswith(tokenizer().id_to_token(i)))
        assert text.removesuffix(stop).strip() == learned[span.message].content
        assert span.weight == learned[span.message].weight


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(said=talks(), limit=st.integers(20, 120))
def test_pieces_joined_are_the_whole_and_begin_with_the_prompt_in_service(
    name: str, said: Conversation, limit: int
) -> None:
    own = renderer(name)
    for example in own.examples(said, limit=limit).examples:
        assert len(example.ids) <= limit
        (shown,) = preview(tokenizer(), [("row", example)])
        assert "".join(t for t, _ in shown.pieces) == tokenizer().decode(
            example.ids.tolist(), skip_special_tokens=False
        )
        for span in example.spans:
            before = Conversation(tuple(said.messages[n] for n in example.messages if n < span.message))
            assert example.ids[: span.start].tolist() == own.prompt(before)


@settings(max_examples=20, deadline=None)
@given(said=talks(), limit=st.integers(1, 90))
def test_every_learned_token_is_in_an_example_or_counted_as_lost(said: Conversation, limit: int) -> None:
    own = renderer("chatml")
    whole, cut = own.examples(said), own.examples(said, limit=limit)
    assert sum(e.learned for e in whole.examples) == sum(e.learned for e in cut.examples) + sum(cut.lost.values())


@settings(max_examples=20, deadline=None)
@given(said=talks())
def test_conversations_travel_as_text(said: Conversation) -> None:
    assert Conversation.from_text(said.to_text()) == said


def test_a_prompt_that_cannot_fit_is_an_error() -> None:
    with pytest.raises(InputError):
        renderer("chatml").prompt(Conversation((Message("user", "Hi"),)), limit=3)
