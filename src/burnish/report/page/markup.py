"""HTML that cannot be broken by what data holds: text is escaped unless it is `Html`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TypeAlias

_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""Control characters, and those that turn the direction of what follows: a text could be read as another."""
_VOID = frozenset({"br", "input", "img", "meta", "link", "line", "rect", "circle", "path", "polygon"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


@dataclass(frozen=True)
class Both:
    """The same in English and in Chinese."""

    en: str | Html
    zh: str | Html


Child: TypeAlias = "str | Html | Both | int | float | None"
Value: TypeAlias = "str | Both | int | float | bool | None"


def visible(text: str) -> str:
    """A text whose hidden characters are seen: control characters, turns of direction and broken ones; lines stay."""
    return _HIDDEN.sub(lambda found: _seen(found[0]), text.replace("\r\n", "\n").replace("\r", "\n"))


def _seen(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\ufffd" if code >= 0xD800 else f"⟨U+{code:04X}⟩"


def escaped(value: Child) -> Html:
    """Anything as HTML: plain text is made visible and escaped, both languages become two spans."""
    if value is None:
        return Html("")
    if isinstance(value, Html):
        return value
    if isinstance(value, Both):
        return Html(f'<span lang="en">{escaped(value.en)}</span><span lang="zh">{escaped(value.zh)}</span>')
    return Html(escape(visible(str(value)), quote=True))


def tag(name: str, /, *inside: Child, **attributes: Value) -> Html:
    """An element. `class_` and `for_` lose their underscore, others become hyphens; None and False leave one out.

    An attribute in both languages is in English, and in Chinese beside it (`data-zh-NAME`), from where page.js takes it.
    """
    opened = name + "".join(map(_attribute, attributes.items()))
    if name in _VOID and not inside:
        return Html(f"<{opened}>" if name in ("br", "input", "img", "meta", "link") else f"<{opened}/>")
    return Html(f"<{opened}>{''.join(map(escaped, inside))}</{name}>")


def _attribute(pair: tuple[str, Value]) -> str:
    name, value = pair[0].rstrip("_").replace("_", "-"), pair[1]
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    if isinstance(value, Both):
        return f' {name}="{escaped(value.en)}" data-zh-{name}="{escaped(value.zh)}"'
    return f' {name}="{escaped(value)}"'


def join(*parts: Child, between: str = "") -> Html:
    """Parts one after the other."""
    return Html(between.join(escaped(part) for part in parts if part is not None))


def both(en: str, zh: str, /, **fields: Child) -> Both:
    """A sentence: templates of ours, which may hold HTML, filled with fields, which are escaped."""
    return Both(Html(en.format_map(_fields(fields, "en"))), Html(zh.format_map(_fields(fields, "zh"))))


def _fields(fields: Mapping[str, Child], language: str) -> dict[str, Html]:
    return {
        name: escaped((value.en if language == "en" else value.zh) if isinstance(value, Both) else value)
        for name, value in fields.items()
    }


def code(text: object) -> Html:
    """A name that a user could type: on one line, kept apart from the direction of the text around it."""
    return tag("code", tag("bdi", " ".join(str(text).split()) or " "))


def plain(value: Child) -> Child:
    """What an `aria-label` or a `title` can hold: the same without elements."""
    if isinstance(value, Both):
        return Both(_stripped(value.en), _stripped(value.zh))
    return _stripped(value) if isinstance(value, str) else value


def _stripped(value: str | Html) -> Html:
    text, inside = [], False
    for character in escaped(value):
        inside = character == "<" or (inside and character != ">")
        if not inside and character != ">":
            text.append(character)
    return Html(" ".join("".join(text).split()))
