"""Spans of replies by prefix rendering: where each reply begins and ends in the ids of a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Encoding

from burnish.core.errors import InputError
from burnish.media.chat.conversation import Conversation, Message
from burnish.media.chat.rendered import Learned, Span

if TYPE_CHECKING:
    from burnish.media.chat._encoder import TemplateEncoder

Offsets = list[tuple[int, int]]
Numbers = tuple[int, ...]


class Turns:
    """A conversation while it is rendered: each text is rendered and tokenised once.

    Args:
        renderer: template and tokenizer.
        conversation: checked.
        where: file and row, for messages.
    """

    def __init__(self, renderer: TemplateEncoder, conversation: Conversation, where: str) -> None:
        self.renderer, self.where = renderer, where
        self.messages = conversation.messages
        self.tools = conversation.offered
        self._encodings: dict[str, Encoding] = {}
        self._texts: dict[tuple[Numbers, bool], str] = {}

    def text(self, numbers: Numbers, *, prompt: bool = False) -> str:
        """Some of the messages, rendered; a prompt ends with what stands before a reply."""
        key = (numbers, prompt)
        if key not in self._texts:
            self._texts[key] = self.renderer.template.render(
                self._chosen(numbers), self.tools, generation_prompt=prompt, where=self.where
            )
        return self._texts[key]

    def encoding(self, numbers: Numbers, *, prompt: bool = False) -> Encoding:
        """The tokens of `text`."""
        text = self.text(numbers, prompt=prompt)
        if text not in self._encodings:
            self._encodings[text] = self.renderer.encode(text)
            self.renderer.one_beginning(self._encodings[text].ids, self.where)
        return self._encodings[text]

    def until(self, numbers: Numbers) -> list[int]:
        """Ids up to the end of the last message, a reply, with its terminator and nothing behind it."""
        ids = self.encoding(numbers).ids
        return ids[: self._closed(ids, numbers[-1])]

    def spans(self, numbers: Numbers, targets: Sequence[int]) -> tuple[list[int], list[Span]] | None:
        """Ids of messages up to the last target, and the span of each; None where prefixes do not hold."""
        ids = self.encoding(numbers).ids
        spans = []
        end = 0
        for target in targets:
            upto = numbers[: numbers.index(target) + 1]
            until, context = self.until(upto), self.encoding(upto[:-1], prompt=True).ids
            if ids[: len(until)] != until or until[: len(context)] != context:
                return None
            end = len(until)
            spans.append(Span(len(context), end, target, self.messages[target].weight))
            self._kept(self.text(upto), target)
        return ids[:end], spans

    def joined(self, numbers: Numbers) -> tuple[list[int], Span, Offsets]:
        """The example of the last message, a reply, whose prompt and rest are tokenised apart.

        A token that spans both would never be in a prompt in service, so it is not in the example.
        """
        target = numbers[-1]
        before, whole = self.text(numbers[:-1], prompt=True), self.text(numbers)
        if not whole.startswith(before):
            raise self._not_a_prefix(before, whole, target)
        rest = self.renderer.encode(whole[len(before) :])
        context = self.encoding(numbers[:-1], prompt=True)
        ids = context.ids + rest.ids
        decode = self.renderer.tokenizer.decode
        if decode(ids, skip_special_tokens=False) != decode(self.encoding(numbers).ids, skip_special_tokens=False):
            raise self._not_a_prefix(before, whole, target)
        ids = ids[: self._closed(ids, target)]
        self._kept(whole, target)
        offsets = context.offsets + [(a + len(before), b + len(before)) for a, b in rest.offsets]
        return ids, Span(len(context.ids), len(ids), target, self.messages[target].weight), offsets

    def agreed(self, ids: Sequence[int], spans: Sequence[Span], numbers: Numbers, offsets: Offsets) -> None:
        """Compare spans with what the template itself marks as replies.

        Raises:
            InputError: they are not the same; the terminator, and white space behind it, may be marked or not.
        """
        if not self.renderer.template.marks_replies:
            return
        marks = self.renderer.template.generated(self._chosen(numbers), self.tools, where=self.where)
        marked = np.zeros(len(ids), bool)
        first, last = np.array(offsets[: len(ids)], np.int64).reshape(-1, 2).T
        for start, end in marks:
            marked |= (first < end) & (last > start)
        every = sum(self.messages[n].role == "assistant" for n in numbers) == len(spans)
        mine = np.zeros(len(ids), bool)
        for span in spans:
            mine[span.start : span.end] = True
            marked[span.end - 1] = True
        wrong = (mine & ~marked) | (marked & ~mine if every else False)
        wrong &= np.array([not self._is_blank(token) for token in ids]) if wrong.any() else True
        for span in spans if wrong.any() else ():  # what service gives is not learned, marked or not
            before = numbers[: numbers.index(span.message)]
            given = self.encoding(before, prompt=True).ids, self.encoding(before).ids
            wrong[
                next((n for n, (a, b) in enumerate(zip(*given, strict=False)) if a != b), len(given[1])) : span.start
            ] = False
        if wrong.any():
            token = int(np.flatnonzero(wrong)[0])
            raise InputError(
                f"the template marks other tokens as a reply than those behind the prompt (token {token}: "
                f"{self.renderer.tokenizer.decode([ids[token]], skip_special_tokens=False)!r})",
                expected="{% generation %} around what is generated in service, terminator included",
                fix="move the marks in the template, or remove them",
                place=self.where or self.renderer.template.place,
            )

    def others(
        self,
        ids: Sequence[int],
        spans: Sequence[Span],
        numbers: Numbers,
        learned: Learned,
        since: int,
        offsets: Offsets,
    ) -> list[Span]:
        """Spans of learned turns that are no replies, found by their texts; those behind message `since` alone."""
        text = self.text(numbers)
        ends = {span.message: offsets[span.end - 1][1] for span in spans}
        out, at = [], 0
        for number in numbers:
            message = self.messages[number]
            wanted = message.content.strip()
            start_at = text.find(wanted, at)
            is_target = message.role in learned.roles and message.role != "assistant" and message.weight > 0
            if is_target and number > since and wanted:
                if start_at < 0:
                    raise self._dropped(f"the text of message {number + 1}")
                tokens = [
                    n
                    for n, (a, b) in enumerate(offsets[: len(ids)])
                    if a < start_at + len(wanted) and b > start_at and b > a
                ]
                end = tokens[-1] + 1
                end += end < len(ids) and ids[end] in self.renderer.stop_ids
                out.append(Span(tokens[0], end, number, message.weight))
            at = ends.get(number, max(at, start_at + len(wanted)) if start_at >= 0 else at)
        return out

    @cached_property
    def rows_of_tools(self) -> frozenset[int]:
        """Numbers of messages that are results of tools."""
        return frozenset(n for n, m in enumerate(self.messages) if m.role == "tool")

    def _chosen(self, numbers: Numbers) -> list[Message]:
        return [self.messages[n] for n in numbers]

    def _closed(self, ids: list[int], target: int) -> int:
        """The end of a reply: behind the first stop token among the control tokens that it ends in."""
        stops, at, end = self.renderer.stop_ids, len(ids), 0
        while at and (ids[at - 1] in self.renderer.control or self._is_blank(ids[at - 1])):
            at -= 1
            end = at + 1 if ids[at] in stops else end
        if end:
            return end
        solid = [token for token in ids if not self._is_blank(token)]
        last = self.renderer.tokenizer.decode(solid[-1:], skip_special_tokens=False)
        known = [self.renderer.tokenizer.id_to_token(stop) for stop in stops]
        raise InputError(
            f"message {target + 1}: the reply ends in {last!r}, at which generation does not stop",
            expected=f"one of {', '.join(map(str, known)) or 'no token'} at its end",
            fix="add the token that ends it to the stop tokens, or give a template that ends replies with one of them",
            place=self.where or self.renderer.template.place,
        )

    def _is_blank(self, token: int) -> bool:
        text = self.renderer.tokenizer.decode([token], skip_special_tokens=False)
        return not text.strip() and bool(text or self.renderer.tokenizer.id_to_token(token))

    def _kept(self, text: str, target: int) -> None:
        """The thought and the text of a reply are in what is rendered."""
        message = self.messages[target]
        if message.reasoning.strip() not in text:
            raise self._dropped(f"the reasoning of message {target + 1}")
        if message.content.rpartition("</think>")[2].strip() not in text:
            raise self._dropped(f"the text of message {target + 1}")

    def _dropped(self, what: str) -> InputError:
        return InputError(
            f"the chat template drops {what}",
            expected="a template that renders all that is learned",
            fix="write a thought into the text as <think>...</think>, leave the row out, or give another template",
            place=self.where or self.renderer.template.place,
        )

    def _not_a_prefix(self, before: str, whole: str, target: int) -> InputError:
        same = next((n for n, (a, b) in enumerate(zip(before, whole, strict=False)) if a != b), len(before))
        return InputError(
            f"the prompt of message {target + 1} in service is not how its example begins: "
            f"{before[same : same + 40]!r} in service, {whole[same : same + 40]!r} in training",
            expected="the same tokens",
            fix="set the template's options (such as enable_thinking) as the rows need them, or give another template",
            place=self.where or self.renderer.template.place,
        )
