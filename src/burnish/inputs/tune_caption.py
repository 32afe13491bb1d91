from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

from pydantic import Field

from burnish.core.batch import Encoded, Example
from burnish.core.errors import InputError
from burnish.inputs import Change, Rewritable
from burnish.inputs._conversations import Conversations
from burnish.media.chat.checks import check
from burnish.media.chat.conversation import COLUMN, Conversation, row_of
from burnish.media.chat.form import Format
from burnish.media.chat.processor import ChatProcessor
from burnish.media.music.asked_tunes import Headed, asked_tune, asking_form, tune_form
from burnish.media.music.families import families


class TuneCaption(Conversations, Rewritable):
    """Captions of tunes, such as "a waltz in D major", with tunes in ABC: a language model writes what a caption asks for.

    A row without a caption gets one from the header of its tune: kind, key and meter.
    """

    encodes_with: ClassVar[tuple[str, ...]] = (*Conversations.encodes_with, "burnish.media.music")
    thing: ClassVar[str] = "tune"
    learns: ClassVar[str] = "tune"
    audits: ClassVar[tuple[str, ...]] = ("tunes",)
    family_column: ClassVar[str] = "tune_family"
    group_columns: ClassVar[tuple[str, ...]] = (family_column,)
    prompts_tell: ClassVar[bool] = False
    read_as: ClassVar[str] = "tune"
    header: Headed = Field(
        "written",
        description="Who writes the header of a tune, X: to K:. written: the model; given: it stands in the prompt.",
    )
    tidy: bool = Field(
        True,
        description="Leave comments, sources and notes of tunes out, and join lines that go on; they sound as before.",
    )

    def form(self, columns: Sequence[str], rows: Sequence[Example], *, answered: bool = False) -> Format:
        """Where captions and tunes are in a table.

        Raises:
            InputError: no column has what is needed.
        """
        form = (tune_form if answered else asking_form)(self.header, self.tidy)
        parts = {**form.needed, **form.further}
        wrong = next((part for part in self.columns if part not in {"caption", "abc", "header"}), None)
        if wrong is not None:
            raise InputError(f"columns: unknown part {wrong!r}", expected="caption, abc, header", place="input.columns")
        found = {}
        for part, names in parts.items():
            column = self.columns.get(part) or next((name for name in names if name in columns), None)
            if column is not None and column in columns:
                found[part] = column
        lacking = [part for part in form.needed if part not in found]
        if lacking:
            raise InputError(
                f"no column {' or '.join(form.needed[lacking[0]])} among {', '.join(columns) or 'none'}",
                expected="`abc` with tunes, and `caption` with what asks for them",
                fix="name the columns: input.columns={caption: text, abc: tune}",
            )
        return Format(form, found, {}, tuple(c for c in columns if c not in found.values()))

    def lacking(self, columns: Collection[str]) -> tuple[str, ...]:
        """The caption, where neither it nor a conversation is there."""
        named = self.columns.get("caption", "caption")
        return () if {COLUMN, "messages", "prompt", named} & set(columns) else (named,)

    def for_table(self, columns: Sequence[str], rows: Sequence[Example]) -> tuple[Self, str]:
        """With the columns of a table, and what was recognised in a sentence.

        Raises:
            InputError: no tunes.
        """
        form = self.form(columns, rows, answered=True)
        made = "" if "caption" in form.columns else " Captions are made of the headers."
        return self.model_copy(update={"columns": dict(form.columns), "tools": False}), form.sentence() + made

    def asked(self, example: Example, place: str = "") -> Conversation:
        """What a row asks for: its caption, and the header where that is given.

        Raises:
            InputError: no caption, or no header for a model that is given one.
        """
        if example.get(COLUMN) is not None or example.get("messages") is not None:
            return self._asked_by_turns(example, place)
        form = self.form([c for c in example if example[c] is not None], [example])
        asked = form.form.read(form, example, place)
        assert isinstance(asked, Conversation)
        check(asked, place, answered=False)
        return asked

    def _asked_by_turns(self, example: Example, place: str) -> Conversation:
        cell = example.get(COLUMN)
        if isinstance(cell, str) and not cell.startswith('{"messages"'):
            return self.asked({self.columns.get("caption", "caption"): cell}, place)
        whole = (
            Conversations.form(self, list(example), [example]).read(example, place, answered=False)
            if cell is None
            else None
        )
        row = row_of(cell) if isinstance(cell, str) else whole
        assert isinstance(row, Conversation)
        messages = row.messages[:-1] if row.messages[-1].role == "assistant" else row.messages
        asked = replace(row, messages=messages)
        check(asked, place, answered=False)
        return asked

    def encode(self, examples: Sequence[Example], processor: ChatProcessor) -> list[Encoded]:
        """`input_ids` int32 [L]: what a tune is written to; of a header that is given also `_prompt`, which answers repeat."""
        rows = super().encode(examples, processor)
        return [{**row, "_prompt": row["input_ids"]} for row in rows] if self.header == "given" else rows

    def audited_text(self, example: Example) -> str | None:
        """The tune, by which rows are the same; the caption where none is there."""
        cell = example.get(COLUMN)
        if isinstance(cell, str) and cell.startswith('{"messages"'):
            tune = asked_tune(Conversation.from_text(cell))
            return tune.abc or tune.caption
        return super().audited_text(example)

    def families(self, cells: Sequence[Any]) -> list[str]:
        """Which tunes are one in other keys, or nearly so: a name for each row that was put together."""
        return families([self.audited_text({COLUMN: cell}) or "" for cell in cells])

    def rewritten(self, example: Example, change: Change, seed: int) -> Example:
        """A row whose caption and tune were changed together; as it is where its tune cannot be read."""
        tune = asked_tune(Conversation.from_text(example[COLUMN]))
        try:
            changed = change(tune, seed)
        except InputError:
            return example
        return {**example, COLUMN: changed.conversation(self.header).to_text()}
