"""What inputs of conversations share: a reply is written to what was said."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field

from burnish.core.batch import Encoded, Example
from burnish.core.errors import InputError
from burnish.inputs import Extending, Unfolding
from burnish.inputs._replied_to import RepliedTo
from burnish.media.chat.checks import check
from burnish.media.chat.conversation import COLUMN, Conversation, Message
from burnish.media.chat.form import Format
from burnish.media.chat.formats import FORMS, recognise
from burnish.media.chat.processor import ROOM, ChatProcessor, load
from burnish.media.chat.templates import load_template
from burnish.media.chat.thinking import usual_options
from burnish.media.chat.unfolding import ChatUnfolding
from burnish.media.text.new_tokens import ids
from burnish.media.text.token_row import token_row

_FORMS = ("messages", "sharegpt", "alpaca", "prompt_completion")


class Conversations(RepliedTo, Extending):
    """Rows that are made conversations, and those token ids by the checkpoint's chat template."""

    thing: ClassVar[str] = "conversation"
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="From part (messages, tools, prompt, completion, instruction ...) to column; empty: recognised.",
    )
    roles: dict[str, str] = Field(
        default_factory=dict,
        description="From a name of a speaker to system, user, assistant or tool; guessed and said.",
    )
    max_length: int | None = Field(
        None, ge=16, description="Context in tokens, prompt and reply; earlier turns go first. Null: the checkpoint's."
    )
    template: str | None = Field(
        None,
        description="Chat template: a file, its text, or chatml, chatml-tools, instruction, plain; null: the own one.",
    )
    template_options: dict[str, Any] = Field(
        default_factory=dict, description="Further variables of the template, such as enable_thinking."
    )
    new_tokens: list[str] = Field(
        default_factory=list,
        description="Tokens to add to the vocabulary, such as '<order>'; adapters lora and full learn their rows.",
    )
    tools: bool | None = Field(None, description="Whether rows offer tools; null: looked at.")
    today: str | None = Field(None, description="The date that a template writes which asks for it; null: of the run.")
    reply_room: int = Field(ROOM, ge=1, description="Tokens of the context that a prompt leaves to its reply.")

    def lacking(self, columns: Collection[str]) -> tuple[str, ...]:
        """Nothing where a form of chat has its columns there."""
        if COLUMN in columns:
            return ()
        try:
            self.form(tuple(columns), [])
        except InputError:
            return ("messages",)
        return ()

    def form(self, columns: Sequence[str], rows: Sequence[Example], *, answered: bool = False) -> Format:
        """The form of a table, by the columns that are named, as far as it has them.

        Raises:
            InputError: none fits.
        """
        named = {part: column for part, column in self.columns.items() if column in columns}
        if answered and len(named) < len(self.columns):
            named = self.columns  # says which is not there
        return recognise(columns, rows, named=named or None, role_names=self.roles, answered=answered)

    def for_table(self, columns: Sequence[str], rows: Sequence[Example]) -> tuple[Self, str]:
        """With the columns and roles of a table, and what was recognised in a sentence.

        Raises:
            InputError: no form of chat fits.
        """
        form = self.form(columns, rows, answered=True)
        if form.form.name not in _FORMS:
            raise InputError(
                f"rows are {form.form.words}, and hold no conversations",
                expected="; ".join(f"{f.words}: {', '.join(f.needed)}" for f in FORMS if f.name in _FORMS),
                fix="task: language-modeling continues pretraining on plain texts",
            )
        tools = self.tools
        if tools is None:
            tools = "tools" in form.columns and any(form.cell(row, "tools") not in (None, "", []) for row in rows)
        return self.model_copy(
            update={"columns": dict(form.columns), "roles": {**self.roles, **form.roles}, "tools": tools}
        ), form.sentence()

    def named(self, parts: Mapping[str, str]) -> Self:
        """With parts in these columns."""
        return self.model_copy(update={"columns": dict(parts)}) if parts else self

    def gathered(self, formed: Sequence[Self]) -> Self:
        """With the roles of all, and tools where one has them.

        Raises:
            InputError: one name is another role in another data set.
        """
        roles: dict[str, str] = dict(self.roles)
        for one in formed:
            for name, role in one.roles.items():
                if roles.setdefault(name, role) != role:
                    raise InputError(
                        f"{name!r} seems to be the {roles[name]} in one data set and the {role} in another",
                        fix=f"say which: input.roles.{name}={role}",
                        place="input.roles",
                    )
        return self.model_copy(update={"roles": roles, "tools": any(one.tools for one in formed)})

    def for_checkpoint(self, rows: Sequence[Example], folder: Path) -> tuple[Self, str]:
        """With thoughts asked for or not, as the rows have them, and the date where the template writes it.

        Raises:
            InputError: the checkpoint has no chat template.
        """
        template = load_template(
            folder, given=self.template, tools=bool(self.tools), options=self.template_options, today=self.today
        )
        if rows and COLUMN in rows[0]:
            read: list[Any] = [Conversation.from_text(row[COLUMN]) for row in rows]
        else:
            read = self._readable(rows)
        options, said = usual_options(template, [one for one in read if isinstance(one, Conversation)])
        update: dict[str, Any] = {"template_options": {**self.template_options, **options}}
        if self.today is None and "strftime_now" in template.source:
            update["today"] = date.today().isoformat()
            said = f"{said} The template writes the date: {update['today']}, in service as well.".strip()
        return self.model_copy(update=update), said

    def of_turns(self, values: Sequence[Any]) -> Example | None:
        """A conversation, where all are messages: who speaks, and what."""
        turns = [
            v
            for v in values
            if isinstance(v, Mapping) and any(n in v for n in ("role", "from")) and "messages" not in v
        ]
        return {"messages": list(values)} if turns and len(turns) == len(values) else None

    def _readable(self, rows: Sequence[Example]) -> list[Any]:
        """What rows hold; broken ones are told, all of them, when the table is assembled."""
        form, read = self.form(tuple(rows[0]) if rows else (), rows, answered=True), []
        for row in rows:
            with suppress(InputError):
                read.append(form.form.read(form, row, ""))
        return read

    def assembled(self, example: Example, place: str) -> str:
        """The conversation of a row that ends in a reply, checked, as JSON text.

        Raises:
            InputError: what is wrong with it.
        """
        row = self.form(tuple(example), [example], answered=True).read(example, place)
        if not isinstance(row, Conversation):
            raise InputError("a row without a conversation", expected="messages", place=place)
        return row.to_text()

    def unfolding(self, processor: ChatProcessor, target: Any, *, held_out: bool) -> Unfolding:
        """One row for each reply of held-out conversations; in training as the template and the context ask for."""
        how = ChatUnfolding(processor, target.learned_turns, held_out=held_out)
        return Unfolding(lambda row, place: [{**row, COLUMN: cell} for cell in how.cells(row[COLUMN], place)], how.said)

    def asked(self, example: Example, place: str = "") -> Conversation:
        """What a row asks: its conversation without the reply at its end.

        Raises:
            InputError: no conversation, or nothing to reply to.
        """
        cell = example.get(COLUMN)
        if isinstance(cell, str) and cell.startswith('{"messages"'):
            whole = Conversation.from_text(cell)
        elif isinstance(cell, str) and not cell.lstrip().startswith("["):
            whole = Conversation((Message("user", cell),))
        else:
            form = self.form([c for c in example if example[c] is not None], [example])
            read = form.form.read(form, example, place)
            if not isinstance(read, Conversation):
                raise InputError(
                    f"rows are {form.form.words}", expected="a conversation, such as messages", place=place
                )
            whole = read
        messages = whole.messages
        asked = Conversation(messages[:-1] if messages and messages[-1].role == "assistant" else messages, whole.tools)
        check(asked, place, answered=False)
        return asked

    def processor(self, folder: Path, settings: dict[str, Any] | None = None) -> ChatProcessor:
        """Tokenizer, template and stop tokens of the checkpoint."""
        return load(
            folder,
            settings,
            max_length=self.max_length,
            template=self.template,
            tools=bool(self.tools),
            options=self.template_options,
            today=self.today,
            room=self.reply_room,
            new_tokens=self.new_tokens,
        )

    def new_token_ids(self, folder: Path) -> tuple[int, ...]:
        """Those of `new_tokens`."""
        return ids(self.processor(folder).tokens.tokenizer, self.new_tokens) if self.new_tokens else ()

    def encode(self, examples: Sequence[Example], processor: ChatProcessor) -> list[Encoded]:
        """`input_ids` int32 [L]: what a reply is written to.

        Raises:
            InputError: a row that is no conversation, or a prompt that does not fit into the context.
        """
        return [token_row(processor.prompt(self.asked(example))) for example in examples]

    def audited_text(self, example: Example) -> str | None:
        """What the user says, over all turns."""
        try:
            return self.asked(example).asked
        except InputError:
            return None
