"""Which form the rows of a table have, told by columns and values, and rows read in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from burnish.core.errors import InputError
from burnish.media.chat import _rows, roles
from burnish.media.chat._cells import filled, kind, listed
from burnish.media.chat.conversation import compact_json
from burnish.media.chat.form import Form, Format

SAMPLED = 50  # rows whose values are looked at


_SYSTEM = ("system", "system_prompt")
_PROMPT = ("prompt", "question", "query")
_COMPLETION = ("completion", "response", "answer", "output", "reply")
_THOUGHT = ("reasoning_content", "reasoning", "thinking")

# In this order: a table with `messages` and `text` is one of messages.
FORMS: tuple[Form, ...] = (
    Form("messages", {"messages": ("messages",)}, {"tools": ("tools",)}, "OpenAI messages", _rows.messages),
    Form(
        "sharegpt",
        {"conversations": ("conversations", "conversation")},
        {"tools": ("tools",), "system": _SYSTEM},
        "ShareGPT conversations",
        _rows.sharegpt,
    ),
    Form(
        "alpaca",
        {"instruction": ("instruction",), "output": ("output", "response", "completion", "answer")},
        {"input": ("input", "context"), "system": _SYSTEM, "history": ("history",)},
        "Alpaca instructions",
        _rows.alpaca,
    ),
    Form(
        "prompt_completion",
        {"prompt": _PROMPT, "completion": _COMPLETION},
        {"system": _SYSTEM, "tools": ("tools",), "reasoning": _THOUGHT},
        "prompts and completions",
        _rows.prompt_completion,
    ),
    Form(
        "ids",
        {"input_ids": ("input_ids",)},
        {"labels": ("labels",), "mask": ("completion_mask", "assistant_masks", "loss_mask")},
        "token ids made elsewhere",
        _rows.token_ids,
    ),
    Form("text", {"text": ("text", "content")}, {}, "plain text", _rows.plain_text),
)


def stored(cell: Any) -> Any:
    """A cell as a table keeps it: lists and objects as JSON text, everything else as it is.

    Arrow gives the objects of all rows the same fields: a tool would get the other tools' parameters, as nulls, and those
    would be rendered.
    """
    if not isinstance(cell, list | dict):
        return cell
    try:
        return compact_json(cell)
    except (RecursionError, TypeError) as error:
        raise InputError(
            f"a cell that is {kind(cell)} holds what JSON cannot: {error}", expected="texts, numbers, lists and objects"
        ) from error


def recognise(
    columns: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    *,
    named: Mapping[str, str] | None = None,
    role_names: Mapping[str, str] | None = None,
    answered: bool = True,
) -> Format:
    """The form of a table.

    Args:
        columns: of the table.
        rows: some of it; `SAMPLED` are looked at.
        named: from parts (`prompt`, `messages` ...) to columns, where the user says so.
        role_names: from names of roles to system, user, assistant, tool or call.
        answered: rows have replies, as in training; to predict, columns of replies may be missing.

    Raises:
        InputError: no form fits, a named part or column does not exist.
    """
    named = dict(named or {})
    _check_named(named, columns)
    for form in FORMS:
        columns_of = _columns(form, columns, named, answered)
        if columns_of is None or (not named and not _fits(form, columns_of, rows)):
            continue
        if form.name == "sharegpt" and _all_role_content(rows, columns_of["conversations"]):
            form, columns_of = FORMS[0], {"messages": columns_of["conversations"]} | _only(columns_of, "tools")
        given = roles.checked(role_names or {})
        if form.name in ("sharegpt", "messages"):
            given |= roles.guessed(_speakers(rows, columns_of[next(iter(form.needed))]), given)
        return Format(form, columns_of, given, tuple(c for c in columns if c not in columns_of.values()))
    raise InputError(
        f"no form of chat or text fits the columns {', '.join(columns)}",
        expected="; ".join(f"{form.words}: {', '.join(form.needed)}" for form in FORMS),
        fix="name the columns, for example columns: {prompt: question, completion: answer}",
    )


def _check_named(named: Mapping[str, str], columns: Sequence[str]) -> None:
    parts = {part for form in FORMS for part in (*form.needed, *form.further)}
    for part, column in named.items():
        if part not in parts:
            raise InputError(f"columns: unknown part {part!r}", expected=", ".join(sorted(parts)))
        if column not in columns:
            raise InputError(f"columns: there is no column {column!r} for {part}", expected=", ".join(columns))


def _columns(form: Form, columns: Sequence[str], named: Mapping[str, str], answered: bool) -> dict[str, str] | None:
    """Where each part is; None where a needed one is missing, or the user names a part that the form does not have."""
    if set(named) - {*form.needed, *form.further}:
        return None
    free = [c for c in columns if c not in named.values()]
    columns_of: dict[str, str] = {}
    for part, names in {**form.needed, **form.further}.items():
        column = named.get(part) or next((n for n in names if n in free and n not in columns_of.values()), None)
        if column is not None:
            columns_of[part] = column
        elif part in form.needed and (answered or part not in ("output", "completion")):
            return None
    return columns_of


def _fits(form: Form, columns_of: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the first filled value of the deciding column has the kind the form wants."""
    part = next(iter(form.needed))
    value = next((r.get(columns_of[part]) for r in rows[:SAMPLED] if filled(r.get(columns_of[part]))), None)
    if value is None:
        return True
    text = isinstance(value, str)
    if form.name in ("messages", "sharegpt", "ids"):
        return not text or value.lstrip().startswith("[")
    return text or form.name == "prompt_completion"


def _turns(rows: Sequence[Mapping[str, Any]], column: str) -> list[list[Mapping[str, Any]]]:
    """The turns of the rows that can be read; broken ones are told when they are read."""
    out = []
    for row in rows[:SAMPLED]:
        try:
            turns = listed(row.get(column), column, "")
        except InputError:
            continue
        out.append([t for t in turns if isinstance(t, Mapping)])
    return out


def _all_role_content(rows: Sequence[Mapping[str, Any]], column: str) -> bool:
    turns = [t for conversation in _turns(rows, column) for t in conversation]
    return bool(turns) and all("role" in t and "from" not in t for t in turns)


def _speakers(rows: Sequence[Mapping[str, Any]], column: str) -> list[list[str]]:
    return [[str(t[key]) for t in turns if (key := _rows.speaker_key(t))] for turns in _turns(rows, column)]


def _only(columns_of: Mapping[str, str], *parts: str) -> dict[str, str]:
    return {part: columns_of[part] for part in parts if part in columns_of}
