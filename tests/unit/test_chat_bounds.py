"""Conversations and templates of people who mean harm: bounded in time and size, refused in words, with the row."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest
from tokenizers import Tokenizer

from burnish.core.errors import InputError
from burnish.media.chat import _bounds, _windows
from burnish.media.chat.conversation import Message, PlainText
from burnish.media.chat.formats import recognise, stored
from burnish.media.chat.plain import text_example
from burnish.media.chat.templates import ChatTemplate
from tests.chat_cases import TEMPLATES, renderer, talk, template, tokenizer

USER = [Message("user", "hi")]
GROWING = "{{% set ns = namespace(x={start}) %}}{{% for i in range(40) %}}{{% set ns.x = {more} %}}{{% endfor %}}"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that are reached in a moment."""
    monkeypatch.setattr(_bounds, "STEPS", 20_000)
    monkeypatch.setattr(_bounds, "LARGEST", 100_000)


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}",
        "{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}",
        "{% for i in range(99) recursive %}{{ loop(range(99)) }}{% endfor %}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(40) }}",
        "{% for i in range(9999) %}{{ (range(9999) | map('string') | list)[0] }}{% endfor %}",
    ],
)
def test_a_template_that_never_ends_is_refused(small: None, source: str) -> None:
    with pytest.raises(InputError, match=r"it takes more than 20,000 steps|it makes a text|recursion"):
        ChatTemplate(source).render(USER, where="rows.jsonl, row 7")


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 999999999 }}",
        "{{ 999999999 * [1] }}",
        "{{ 10 ** 100000000 > 1 }}",
        GROWING.format(start="'a'", more="ns.x ~ ns.x"),
        GROWING.format(start="'a'", more="ns.x + ns.x"),
        GROWING.format(start="[1]", more="ns.x + ns.x"),
        GROWING.format(start="'a'", more="'%s%s' % (ns.x, ns.x)"),
        GROWING.format(start="'a'", more="'{0}{0}'.format(ns.x)"),
        GROWING.format(start="'a'", more="[ns.x, ns.x] | join"),
        GROWING.format(start="'a'", more="ns.x | replace('a', 'aa')"),
        "{{ 'a' | center(999999999) }}",
        "{{ 'a'.ljust(999999999) }}",
        "{{ '{:>999999999}'.format('a') }}",
        "{{ '{:>{w}}'.format('a', w=999999999) }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '%*d' % (999999999, 1) }}",
        "{{ '%999999999d' | format(1) }}",
        "{{ [1] | tojson(indent=999999999) }}",
        "{% set a = 'a' * 30000 %}{{ a.replace('a', a) }}",
        "{% set a = 'a' * 30000 %}{{ a.join(a) }}",
        "{% for i in range(99) %}{{ 'x' * 9999 }}{% endfor %}",
        "x" * (_bounds.SOURCE + 1),
    ],
    ids=range(22),
)
def test_a_template_that_makes_more_than_any_conversation_is_refused(
    small: None, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("burnish.media.chat._sandbox.LARGEST", 100_000)
    began = time.thread_time()
    with pytest.raises(InputError, match="the chat template fails") as refused:
        ChatTemplate(source).render(USER, where="rows.jsonl, row 7")
    assert "conversation" in refused.value.found or "characters" in refused.value.found
    assert refused.value.place == "rows.jsonl, row 7"
    assert time.thread_time() - began < 30  # without a bound it is hours


@pytest.mark.parametrize(
    "source",
    [
        "{{ lipsum.__globals__ }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ messages.__class__.__mro__ }}",
        "{{ '{0.__class__.__mro__}'.format(messages) }}",
        "{{ messages | map(attribute='__class__.__mro__') | list }}",
        "{{ ('' | attr('__class__')).__mro__ }}",
        "{{ self._TemplateReference__context.environment.filters }}",
        "{{ ('x' | _turns).gi_frame.f_globals }}",
        "{{ messages[0].update({'role': 'x'}) }}",
        "{% include '/etc/passwd' %}",
    ],
)
def test_attributes_lead_nowhere(source: str) -> None:
    """Refused, or nothing at all; never an object of Python."""
    try:
        said = ChatTemplate(source).render(USER)
    except InputError:
        return
    assert "class" not in said
    assert "function" not in said
    assert "root:" not in said


@pytest.mark.parametrize("name", TEMPLATES)
def test_bounds_change_nothing_of_what_a_template_writes(name: str) -> None:
    """Loops, joins, macros and filters give what the plain sandbox gives."""
    import jinja2.ext
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    from burnish.media.chat import _sandbox
    from burnish.media.chat.conversation import template_messages

    own = template(name)
    plain = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_sandbox._Marks, jinja2.ext.loopcontrols]
    )
    bounded = _sandbox.compiled(own.source, own.today).environment
    plain.globals |= {key: bounded.globals[key] for key in ("raise_exception", "strftime_now", "namespace", "dict")}
    plain.filters["tojson"] = _sandbox._to_json
    messages = template_messages(talk("a  b", "c", "d", "e").messages, arguments_as_text=own.arguments_as_text)
    values = {**own.special_tokens, "messages": messages, "tools": None, "add_generation_prompt": True}
    assert own.render(talk("a  b", "c", "d", "e").messages, generation_prompt=True) == plain.from_string(
        own.source
    ).render(**values)


def test_loops_know_where_they_are() -> None:
    source = (
        "{% for x in [1, 2, 3] %}{{ loop.index }}/{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.last }} "
        "{% endfor %}{% for x in [] %}{% else %}none{% endfor %} {% for a, b in {'k': 'v'}.items() %}{{ a ~ b ~ 1 }}{% endfor %}"
        "{% for x in range(9) if x is even %}{% if x == 6 %}{% break %}{% endif %}{{ x }}{% endfor %}"
    )
    assert ChatTemplate(source).render(USER) == "1/32False 2/313False 3/32True none kv1024"


@pytest.mark.parametrize("name", ["chatml", "qwen3"])
def test_the_prompt_of_a_long_conversation_is_found_from_its_end(name: str) -> None:
    """As long a context as fits, as by trying every beginning; of ten thousand turns only what nearly fits is rendered."""
    made, rendered = renderer(name), 0
    for turns in (1, 3, 21, 41):
        conversation = talk(*[f"hello {n}" for n in range(turns)], system="Be kind.")
        for limit in (40, 90, 200, 10_000):
            every = [
                list(made.prompt(talk(*[f"hello {n}" for n in range(first, turns)], system="Be kind.")))
                for first in range(0, turns, 2)
            ]
            fitting = [ids for ids in every if len(ids) <= limit]
            if fitting:
                assert made.prompt(conversation, limit=limit) == fitting[0]
            else:
                with pytest.raises(InputError, match="last message with its exchange"):
                    made.prompt(conversation, limit=limit)
    long, original = talk(*[f"hello {n}" for n in range(10_001)]), ChatTemplate.render

    def counting(self: ChatTemplate, messages: Any, *given: Any, **named: Any) -> str:
        nonlocal rendered
        rendered += len(messages)
        return original(self, messages, *given, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ChatTemplate, "render", counting)
        assert len(made.prompt(long, limit=200)) <= 200
    assert rendered < 500


def test_a_conversation_that_would_take_hours_to_learn_from_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_windows, "MOST", 4)
    made = renderer("chatml")
    assert made.examples(talk("a", "b", "c", "d")).examples
    with pytest.raises(InputError, match="a conversation of 6 messages") as refused:
        made.examples(talk("a", "b", "c", "d", "e", "f"), where="rows.jsonl, row 3")
    assert (refused.value.place, "split the row" in refused.value.fix) == ("rows.jsonl, row 3", True)


def nested(depth: int, as_object: bool) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value} if as_object else [value]
    return value


def read(**parts: Any) -> Any:
    row = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], **parts}
    return recognise(list(row), [row]).read(row, "rows.jsonl, row 5")


@pytest.mark.parametrize("as_object", [True, False])
@pytest.mark.parametrize("depth", [5_000, 100_000])
def test_deep_json_is_refused_with_its_row(depth: int, as_object: bool) -> None:
    value = nested(depth, as_object)
    text = '{"a":' * depth + "1" + "}" * depth if as_object else "[" * depth + "1" + "]" * depth
    for parts in (
        {"tools": [{"name": "f", "parameters": {"x": value}}]},
        {"tools": f'[{{"name": "f", "parameters": {{"x": {text}}}}}]'},
        {
            "messages": [
                {"role": "user", "content": "a"},
                {"role": "assistant", "tool_calls": [{"name": "f", "arguments": {"x": value}}]},
            ]
        },
        {"messages": [{"role": "user", "content": value}, {"role": "assistant", "content": "b"}]},
    ):
        with pytest.raises(InputError) as refused:
            read(**parts)
        assert refused.value.place.startswith("rows.jsonl, row 5")
        assert len(str(refused.value)) < 1000
    with pytest.raises(InputError, match="JSON"):
        stored(value)
    while value != 1:  # taken apart one by one: the interpreter may not free such a thing at once
        value = value["a"] if as_object else value[0]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"x", object()])
def test_what_json_cannot_hold_is_refused_with_its_row(value: Any) -> None:
    with pytest.raises(InputError, match="JSON cannot hold") as refused:
        read(tools=[{"name": "f", "parameters": {"x": value}}])
    assert refused.value.place == "rows.jsonl, row 5"


def test_a_weight_of_many_figures_is_refused_with_its_row() -> None:
    with pytest.raises(InputError, match="weight of 401 figures"):
        read(messages=[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 10**400}])


def test_half_a_character_in_a_plain_text_is_refused() -> None:
    made: Tokenizer = tokenizer()
    with pytest.raises(InputError, match="surrogate"):
        text_example(made, PlainText("a \ud800 b"), None)
    assert sys.getrecursionlimit() < 5_000  # what the depths above are beyond
