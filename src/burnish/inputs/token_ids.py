"""Rows that were tokenised elsewhere, for a language model to learn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from burnish.core.batch import Encoded, Example
from burnish.core.errors import InputError
from burnish.inputs import Unfolding
from burnish.inputs._replied_to import RepliedTo
from burnish.media.chat.conversation import COLUMN, row_of
from burnish.media.chat.conversation import TokenIds as Ids
from burnish.media.chat.formats import recognise
from burnish.media.chat.plain import ids_example
from burnish.media.chat.processor import ChatProcessor, load
from burnish.media.text.token_row import token_row


class TokenIds(RepliedTo):
    """Token ids of the checkpoint's own tokenizer, with labels (-100 where nothing is learned) or a mask of 0 and 1."""

    thing: ClassVar[str] = "row of token ids"
    columns: dict[str, str] = Field(
        default_factory=dict, description="From part (input_ids, labels, mask) to column; empty: recognised."
    )
    max_length: int | None = Field(
        None, ge=16, description="Context in tokens; longer rows are refused. Null: the checkpoint's."
    )

    def lacking(self, columns: Collection[str]) -> tuple[str, ...]:
        """The column of ids, where it is not there."""
        name = self.columns.get("input_ids", "input_ids")
        return () if COLUMN in columns or name in columns else (name,)

    def for_table(self, columns: Sequence[str], rows: Sequence[Example]) -> tuple[TokenIds, str]:
        """With the columns of a table.

        Raises:
            InputError: it holds no token ids.
        """
        form = recognise(columns, rows, named=self.columns or None)
        if form.form.name != "ids":
            raise InputError(f"rows are {form.form.words}", expected="a column input_ids")
        return self.model_copy(update={"columns": dict(form.columns)}), form.sentence()

    def for_checkpoint(self, rows: Sequence[Example], folder: Path) -> tuple[TokenIds, str]:
        """As it is."""
        return self, "The ids must be those of this checkpoint's tokenizer: look at the decoded examples below."

    def of_turns(self, values: Sequence[Any]) -> Example | None:
        """None: token ids are no turns."""
        return None

    def assembled(self, example: Example, place: str) -> str:
        """Ids, and which are learned, as JSON text.

        Raises:
            InputError: what is wrong with them.
        """
        row = recognise(tuple(example), [example], named=self.columns or None).read(example, place)
        if not isinstance(row, Ids):
            raise InputError("a row without token ids", expected="input_ids", place=place)
        return row.to_text()

    def unfolding(self, processor: ChatProcessor, target: Any, *, held_out: bool) -> Unfolding:
        """Each row is one, with the text of its reply."""

        def rows(example: Example, place: str) -> list[Example]:
            row = _ids(example)
            ids_example(row, processor.size, place)
            if processor.limit is not None and len(row.ids) > processor.limit:
                raise InputError(
                    f"{len(row.ids):,} token ids", expected=f"at most {processor.limit:,}, the context", place=place
                )
            stops = set(processor.stops)
            reply = processor.text([i for i in row.ids[row.asked :] if i not in stops]).strip()
            return [{**example, COLUMN: replace(row, reply=reply).to_text()}]

        return Unfolding(rows)

    def processor(self, folder: Path, settings: dict[str, Any] | None = None) -> ChatProcessor:
        """Tokenizer and stop tokens of the checkpoint; its chat template, or a plain one where it has none."""
        own = any((folder / name).is_file() for name in ("chat_template.jinja", "chat_template.json"))
        return load(folder, settings, max_length=self.max_length, template=None if own else "plain")

    def encode(self, examples: Sequence[Example], processor: ChatProcessor) -> list[Encoded]:
        """`input_ids` int32 [L]: what stands before the last learned tokens."""
        rows = [_ids(example) for example in examples]
        return [token_row(row.ids[: max(1, row.asked)]) for row in rows]

    def audited_text(self, example: Example) -> str | None:
        """The ids before the reply."""
        row = _ids(example)
        return " ".join(map(str, row.ids[: row.asked]))


def _ids(example: Example) -> Ids:
    cell = example.get(COLUMN)
    if cell is None:
        named = recognise(tuple(example), [example])
        row = named.form.read(named, example, "")
    else:
        row = row_of(str(cell))
    if not isinstance(row, Ids):
        raise InputError("a row without token ids", expected="input_ids")
    return row
