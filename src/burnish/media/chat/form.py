"""The form of a table's rows: which parts a row has, and in which columns they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from burnish.media.chat.checks import check
from burnish.media.chat.conversation import Conversation, Row

Reader = Callable[["Format", Mapping[str, Any], str], Row]


@dataclass(frozen=True)
class Form:
    """One of the forms that rows come in.

    Attributes:
        name: of the form.
        needed: parts that a row must have, each with the column names it is known by.
        further: parts that a row may have.
        words: what the form is called in a sentence.
        read: makes a row of it.
    """

    name: str
    needed: Mapping[str, tuple[str, ...]]
    further: Mapping[str, tuple[str, ...]]
    words: str
    read: Reader


@dataclass(frozen=True)
class Format:
    """The form of a table's rows, and where its parts are.

    Attributes:
        form: one of `FORMS`.
        columns: from each part to the column that holds it.
        roles: names of roles beyond the usual ones.
        unread: columns that are not read.
    """

    form: Form
    columns: Mapping[str, str]
    roles: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    def sentence(self) -> str:
        """What was recognised, in one sentence."""
        named = [f"{part} in {column}" if part != column else part for part, column in self.columns.items()]
        guessed = [f"{name} is the {role}" for name, role in self.roles.items()]
        unread = [f"not read: {', '.join(self.unread)}"] if self.unread else []
        return f"Rows are {self.form.words} ({'; '.join([', '.join(named), *guessed, *unread])})."

    def cell(self, row: Mapping[str, Any], part: str) -> Any:
        """The value of a part; None where there is no column for it."""
        return row.get(self.columns[part]) if part in self.columns else None

    @property
    def nested(self) -> tuple[str, ...]:
        """Columns that may hold lists and objects, which a table must keep as JSON text (`stored`)."""
        parts = ("messages", "conversations", "tools", "history", "prompt", "completion")
        return tuple(self.columns[part] for part in parts if part in self.columns)

    def read(self, row: Mapping[str, Any], place: str, *, answered: bool = True) -> Row:
        """A row, checked.

        Args:
            row: values by column; lists and objects may be JSON text.
            place: file and row, for messages.
            answered: it must end with a reply; otherwise with something to reply to.

        Raises:
            InputError: what `checks.check` refuses, broken JSON, unknown roles, or a value of the wrong kind.
        """
        out = self.form.read(self, row, place)
        if isinstance(out, Conversation):
            check(out, place, answered=answered)
        return out
