"""A checkpoint's chat template: found, and rendered in a sandbox. Needs jinja2 alone, no transformers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError
from burnish.media.chat import _sandbox
from burnish.media.chat.conversation import Message, template_messages
from burnish.media.chat.named_templates import NAMED

GENERATION = re.compile(r"\{%-?\s*generation\s*-?%\}")
_CHOOSE = (
    f"give a template (template: FILE.jinja), or choose one by name ({', '.join(NAMED)}); "
    "'instruction' and 'plain' need no tokens that a base model does not have"
)
_CALL = '[{"type": "function", "id": "probe0001", "function": {"name": "probe_name", "arguments": {"probe_key": "probe_value"}}}]'
_TOOL = {
    "type": "function",
    "function": {"name": "probe_tool", "description": "Probe.", "parameters": {"type": "object", "properties": {}}},
}


@dataclass(frozen=True)
class ChatTemplate:
    """A template with all that it reads beside the conversation.

    Attributes:
        source: the Jinja text.
        special_tokens: bos_token, eos_token and the like, as the tokenizer names them.
        options: further variables, such as enable_thinking.
        today: the date (ISO) that a template is told which asks for it; None for that of the clock. A run fixes it, so
            that prompts in service are those of training.
        place: where it came from, for messages.
    """

    source: str
    special_tokens: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    today: str | None = None
    place: str = "chat template"

    def render(
        self,
        messages: Sequence[Message],
        tools: Sequence[Mapping[str, Any]] = (),
        *,
        generation_prompt: bool = False,
        where: str = "",
    ) -> str:
        """The text of a conversation.

        Args:
            messages: in order.
            tools: in OpenAI's form.
            generation_prompt: end with what stands before a reply.
            where: file and row, for messages.

        Raises:
            InputError: the template fails.
        """
        values = template_messages(messages, arguments_as_text=self.arguments_as_text)
        return self._rendered(values, tools, generation_prompt, where)[0]

    def generated(
        self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]] = (), *, where: str = ""
    ) -> list[tuple[int, int]]:
        """Start and end in characters of what the template itself marks as replies; none without such marks."""
        values = template_messages(messages, arguments_as_text=self.arguments_as_text)
        return self._rendered(values, tools, False, where)[1]

    @property
    def marks_replies(self) -> bool:
        """Whether the template has `{% generation %}`."""
        return bool(GENERATION.search(self.source))

    @cached_property
    def arguments_as_text(self) -> bool:
        """Whether the template wants arguments of calls as JSON text: given an object it fails or prints Python's form."""
        return not self._shows_call(as_text=False) and self._shows_call(as_text=True)

    @cached_property
    def renders_calls(self) -> bool:
        """Whether tool calls are seen in what it renders; many templates drop them without a word."""
        return self._shows_call(as_text=self.arguments_as_text)

    @cached_property
    def renders_tools(self) -> bool:
        """Whether the tools on offer are seen in what it renders."""
        try:
            return "probe_tool" in self._rendered([{"role": "user", "content": "a"}], [_TOOL], True, "")[0]
        except InputError:
            return False

    def settings(self) -> dict[str, Any]:
        """What `restore` needs, as JSON."""
        return {
            "source": self.source,
            "special_tokens": dict(self.special_tokens),
            "options": dict(self.options),
            "today": self.today,
        }

    @classmethod
    def restore(cls, settings: Mapping[str, Any], place: str) -> ChatTemplate:
        """A template from its `settings`."""
        return cls(settings["source"], settings["special_tokens"], settings["options"], settings["today"], place)

    def _shows_call(self, *, as_text: bool) -> bool:
        messages = [Message("user", "a"), Message("assistant", "", tool_calls=_CALL)]
        try:
            values = template_messages(messages, arguments_as_text=as_text)
            text, _ = self._rendered(values, [_TOOL], False, "")
        except InputError:
            return False
        return bool(re.search(r'\\*"probe_key\\*"\s*:\s*\\*"probe_value\\*"', text)) or (
            "probe_key" in text and "probe_value" in text and "'probe_key'" not in text
        )

    def _rendered(
        self, messages: list[dict[str, Any]], tools: Sequence[Mapping[str, Any]], generation_prompt: bool, where: str
    ) -> tuple[str, list[tuple[int, int]]]:
        values = {**self.special_tokens, **self.options, "messages": messages, "documents": None}
        values |= {"tools": [dict(t) for t in tools] or None, "add_generation_prompt": generation_prompt}
        try:
            return _sandbox.rendered(_sandbox.compiled(self.source, self.today), values)
        except Exception as error:  # whatever the template's own text makes Jinja raise
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InputError(
                f"the chat template fails: {said}",
                expected="a conversation of the form that this checkpoint was trained on",
                fix="change the row (roles, a system message, tools), or give another template",
                place=where or self.place,
            ) from error


def load_template(
    folder: Path,
    *,
    given: str | None = None,
    tools: bool = False,
    options: Mapping[str, Any] | None = None,
    today: str | None = None,
) -> ChatTemplate:
    """The template in a checkpoint's folder, or the one that is given.

    Args:
        folder: the checkpoint; its special tokens are used in any case.
        given: a name of `NAMED`, a file, or the text of a template.
        tools: rows offer tools: a checkpoint that has a template of its own for them uses it.
        options: further variables for the template.
        today: as in `ChatTemplate`.

    Raises:
        InputError: no template, or a given one that cannot be read.
    """
    values = _read(folder / "tokenizer_config.json")
    source, place = _given(given) if given else _own(folder, values, tools)
    if source is None:
        raise InputError(
            "this checkpoint has no chat template",
            expected="the template it was trained with",
            fix=_CHOOSE,
            place=place,
        )
    return ChatTemplate(source, _special_tokens(folder, values), dict(options or {}), today, place)


def _given(given: str) -> tuple[str | None, str]:
    if given in NAMED:
        return NAMED[given], f"template {given!r}"
    if "{{" in given or "{%" in given:
        return given, "the given template"
    path = Path(given)
    if not path.is_file():
        raise InputError(f"there is no chat template {given!r}", expected=f"a file, or {', '.join(NAMED)}")
    return path.read_text(encoding="utf-8"), str(path)


def _own(folder: Path, values: Mapping[str, Any], tools: bool) -> tuple[str | None, str]:
    for name in (*(("additional_chat_templates/tool_use.jinja",) if tools else ()), "chat_template.jinja"):
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8"), str(folder / name)
    older = _read(folder / "chat_template.json").get("chat_template")
    template = older if older is not None else values.get("chat_template")
    if isinstance(template, list):  # several, by name
        named = {str(t["name"]): str(t["template"]) for t in template}
        template = named.get("tool_use" if tools else "default") or named.get("default")
    return template, str(folder)


def _special_tokens(folder: Path, values: Mapping[str, Any]) -> dict[str, str]:
    known = {**_read(folder / "special_tokens_map.json"), **values}
    tokens = {k: v.get("content") if isinstance(v, Mapping) else v for k, v in known.items() if k.endswith("_token")}
    return {name: token for name, token in tokens.items() if isinstance(token, str)}


def _read(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    value = json.loads(path.read_text(encoding="utf-8"))
    return value if isinstance(value, Mapping) else {}
