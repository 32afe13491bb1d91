"""Which messages go into an example: all, or as many exchanges before each reply as fit. Replies are never cut."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from burnish.core.errors import InputError
from burnish.media.chat._turns import Numbers, Turns
from burnish.media.chat.conversation import Conversation
from burnish.media.chat.rendered import Learned, Rendered, RenderedRow

if TYPE_CHECKING:
    from burnish.media.chat._encoder import TemplateEncoder

REPLY = "the reply is longer than the limit"
PROMPT = "the prompt is longer than the limit"
TOGETHER = "prompt and reply are longer than the limit together"
MOST = 2_000
"""Messages of a conversation that is learned from: time grows with their square, to a minute or two of the processor."""
TOOLS = "the calls and results before the reply do not fit, and are not cut"


@dataclass(frozen=True)
class _Exchanges:
    """A system message that always stays, and where each user's message begins."""

    system: Numbers
    starts: Numbers

    @classmethod
    def of(cls, conversation: Conversation) -> _Exchanges:
        messages = conversation.messages
        system = (0,) if messages and messages[0].role == "system" else ()
        return cls(system, tuple(n for n, m in enumerate(messages) if m.role == "user"))

    def window(self, first: int, last: int) -> Numbers:
        """Messages from exchange `first` to message `last`, behind the system message."""
        return (*self.system, *range(self.starts[first] if first else len(self.system), last + 1))

    def before(self, message: int) -> int:
        """The exchange that a message is in."""
        return max(0, sum(start <= message for start in self.starts) - 1)


def prompt(
    renderer: TemplateEncoder, conversation: Conversation, limit: int | None, where: str, most: int | None = None
) -> tuple[list[int], int]:
    """The ids of `Renderer.prompt`, and how many exchanges they leave out."""
    exchanges, last = _Exchanges.of(conversation), len(conversation.messages) - 1
    turns = Turns(renderer, conversation, where)

    def ids_from(first: int) -> list[int]:
        return list(turns.encoding(exchanges.window(first, last), prompt=True).ids)

    if limit is None:
        return ids_from(0), 0
    own, usual = exchanges.before(last), limit
    first = _first_that_fits(own, lambda n: len(ids_from(n)) <= usual)
    if first is not None:
        return ids_from(first), first
    ids, allowed = ids_from(own), max(limit, most or 0)
    if len(ids) <= allowed:
        return ids, own
    raise InputError(
        f"the last message with its exchange takes {len(ids):,} tokens",
        expected=f"at most {allowed:,}",
        fix="shorten it, or allow a longer context",
        place=where,
    )


def _first_that_fits(last: int, fits: Callable[[int], bool]) -> int | None:
    """The earliest of the exchanges 0 to `last` that fits; None where the last does not. The later, the fewer tokens.

    From the end, in ever longer strides: of a conversation of ten thousand turns only what nearly fits is rendered.
    """
    if not fits(last):
        return None
    good, stride, wrong = last, 1, -1
    while good > 0 and wrong < 0:
        earlier = max(0, good - stride)
        good, wrong, stride = (earlier, -1, 2 * stride) if fits(earlier) else (good, earlier, stride)
    while good - wrong > 1:
        middle = (good + wrong) // 2
        good, wrong = (middle, wrong) if fits(middle) else (good, middle)
    return good


def examples(
    renderer: TemplateEncoder, conversation: Conversation, learned: Learned, limit: int | None, where: str
) -> RenderedRow:
    """The examples of `Renderer.examples`."""
    if len(conversation.messages) > MOST:
        raise InputError(
            f"a conversation of {len(conversation.messages):,} messages",
            expected=f"at most {MOST:,}: each reply is rendered with all that is before it",
            fix="split the row into several conversations",
            place=where,
        )
    turns = Turns(renderer, conversation, where)
    targets = _targets(conversation, learned)
    whole = tuple(range(len(conversation.messages)))
    size = len(turns.encoding(whole).ids)
    if not targets:
        return RenderedRow((), size)
    holds = turns.spans(whole[: targets[-1] + 1], targets) is not None
    lost: Counter[str] = Counter()
    made, seams, shortened, position, since = [], 0, 0, 0, -1
    exchanges = _Exchanges.of(conversation)
    while position < len(targets):
        first = _earliest(turns, exchanges, targets[position], limit)
        if first is None:
            cause, tokens = _cause(turns, exchanges, targets[position], limit)
            lost[cause] += tokens
            position += 1
            continue
        end = position + 1
        while holds and end < len(targets) and _size(turns, exchanges.window(first, targets[end])) <= (limit or size):
            end += 1
        if end - position > 1 and turns.spans(exchanges.window(first, targets[end - 1]), targets[position:end]) is None:
            end = position + 1  # without its beginning the template renders the conversation in another way
        numbers = exchanges.window(first, targets[end - 1])
        example, seam = _example(turns, numbers, targets[position:end], learned, since)
        made.append(example)
        seams, shortened = seams + seam, shortened + (end - position if first else 0)
        since, position = targets[end - 1], end
    return RenderedRow(tuple(made), size, not holds and len(targets) > 1, shortened, dict(lost), seams)


def _targets(conversation: Conversation, learned: Learned) -> list[int]:
    """Replies that examples end with: the learned ones; where others' turns alone are learned, all of them."""
    replies = [n for n, m in enumerate(conversation.messages) if m.role == "assistant"]
    if "assistant" not in learned.roles:
        return replies
    chosen = [n for n in replies if conversation.messages[n].weight > 0]
    return chosen[-1:] if learned.last_only else chosen


def _example(
    turns: Turns, numbers: Numbers, targets: Sequence[int], learned: Learned, since: int
) -> tuple[Rendered, bool]:
    """One example that ends with the last target, and whether its prompt and reply had to be tokenised apart."""
    numbered, seam = turns.spans(numbers, targets), False
    if numbered is not None:
        (ids, spans), offsets = numbered, turns.encoding(numbers).offsets
    else:
        ids, span, offsets = turns.joined(numbers)
        spans, seam = [span], True
    turns.agreed(ids, spans, numbers, offsets)
    if set(learned.roles) - {"assistant"}:
        more = turns.others(ids, spans, numbers, learned, since, offsets)
        spans = sorted([*spans, *more], key=lambda span: span.start)
    if "assistant" not in learned.roles:
        spans = [span for span in spans if turns.messages[span.message].role != "assistant"]
    calls = sum(bool(turns.messages[n].tool_calls) for n in numbers)
    return Rendered(np.array(ids, np.int32), tuple(spans), numbers, calls), seam


def _size(turns: Turns, numbers: Numbers) -> int:
    """Tokens of an example that ends with the last of these messages, a reply."""
    return len(turns.until(numbers))


def _earliest(turns: Turns, exchanges: _Exchanges, target: int, limit: int | None) -> int | None:
    """The earliest exchange that fits together with all up to a reply; None where its own exchange does not fit."""
    last = exchanges.before(target)
    if limit is None or _size(turns, exchanges.window(0, target)) <= limit:
        return 0
    # The later the beginning, the fewer tokens.
    first = bisect_left(range(last + 1), -limit, key=lambda n: -_size(turns, exchanges.window(n, target)))
    return first if first <= last else None


def _cause(turns: Turns, exchanges: _Exchanges, target: int, limit: int | None) -> tuple[str, int]:
    """Why a reply does not fit, and how many tokens of it are lost."""
    most = limit or 0
    numbers = exchanges.window(exchanges.before(target), target)
    before = len(turns.encoding(numbers[:-1], prompt=True).ids)
    reply = _size(turns, numbers) - before
    if reply > most:
        return REPLY, reply
    if turns.rows_of_tools & set(numbers):
        return TOOLS, reply
    return (PROMPT if before >= most else TOGETHER), reply
