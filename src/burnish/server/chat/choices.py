"""The answers of one request while they are written: told by the thread that writes, read in the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from burnish.core.generated import Ends, Progress
from burnish.media.text.streaming import TextStream
from burnish.runtimes import Writing
from burnish.server.chat.chances import Chances
from burnish.server.chat.echo import Echo
from burnish.server.chat.parts import Delta, Parts
from burnish.server.refusal import Refused

LOOKED = 0.5  # seconds between looks whether the server is stopping


@dataclass(eq=False)
class Choice:
    """One answer.

    Attributes:
        number: its place in the answer.
        stream: tokens to text.
        parts: text to deltas; None where the text is told as it is.
        chances: log probabilities of the tokens; None where they were not asked for.
        echo: the prompt, where it is told first.
        latest: what was told last; a slow reader misses what came between, which is in it.
        written: tokens so far.
        ended: why; empty while it goes on.
    """

    number: int
    stream: TextStream
    parts: Parts | None
    chances: Chances | None = None
    echo: Echo | None = None
    latest: Progress | None = None
    failure: Exception | None = None
    written: int = 0
    ended: str = ""
    _shown: Progress | None = None

    def deltas(self) -> list[Delta]:
        """What is new.

        Raises:
            Exception: why it cannot go on.
        """
        told = self.latest
        if self.failure is not None:
            raise self.failure
        if told is None or told is self._shown:
            return []
        begins, self._shown = self._shown is None, told
        prompt = [{"content": self.echo.text}] if self.echo is not None and begins and self.echo.text else []
        if self.echo is not None and self.echo.alone:
            self.ended = "length"
            return prompt
        return prompt + self._news(told)

    def _news(self, told: Progress) -> list[Delta]:
        self.written = len(told.ids)
        text = self.stream.more(told.ids) if told.whole is None else self.stream.rest(told.ids, told.whole.cut)
        if self.chances is not None:
            self.chances.more(told, len(self.stream.shown))
        out = self._apart(text, final=told.whole is not None)
        if told.whole is None:
            return out
        self.ended = "tool_calls" if self.parts is not None and self.parts.called else told.whole.ended
        return out

    def _apart(self, text: str, *, final: bool) -> list[Delta]:
        if self.parts is None:
            return [{"content": text}] if text else []
        out = self.parts.more(text) if text else []
        return out + self.parts.rest() if final else out


@dataclass(eq=False)
class Choices:
    """All answers of a request.

    Attributes:
        choices: in their order.
        deadline: on the clock of `time.monotonic`.
        late: what is raised after it.
        soon: seconds that are left when the server stops; None while it does not.
    """

    choices: list[Choice]
    deadline: float
    late: Callable[[], Refused]
    soon: Callable[[], float | None]
    writings: list[Writing] = field(default_factory=list)
    prompt_tokens: int = 0

    def __post_init__(self) -> None:
        self._changed, self._loop = asyncio.Event(), asyncio.get_running_loop()
        self._stopping = False

    def writing(
        self,
        choice: Choice,
        arrays: Any,
        decoder: Any,
        ends: Ends,
        *,
        seed: int | None,
        touched: Callable[[], None],
        others: int | None,
    ) -> None:
        """Ask for one of them; `touched` is called at each token, the rest is as of `Writing`."""

        def tell(told: Progress) -> None:
            choice.latest = told
            touched()
            self._wake()

        def fail(error: Exception) -> None:
            choice.failure = error
            self._wake()

        tell_prompt = choice.echo.heard if choice.echo is not None and others is not None else None
        self.writings.append(Writing(arrays, decoder, ends, seed, tell, fail, others=others, tell_prompt=tell_prompt))

    def leave(self) -> None:
        """Nobody waits for the rest."""
        for writing in self.writings:
            writing.left = True

    @property
    def written(self) -> int:
        """Tokens of all."""
        return sum(choice.written for choice in self.choices)

    async def told(self) -> AsyncIterator[tuple[Choice, Sequence[Delta]]]:
        """What comes, of whichever answer; the last of each comes with its `ended`.

        Raises:
            Refused: too late (503).
            Exception: of the network.
        """
        while True:
            self._changed.clear()
            for choice in self.choices:
                if not choice.ended and ((deltas := choice.deltas()) or choice.ended or choice.written):
                    yield choice, deltas
            if all(choice.ended for choice in self.choices):
                return
            await self._change()

    async def _change(self) -> None:
        while True:
            if not self._stopping and (left := self.soon()) is not None:
                self._stopping, self.deadline = True, min(self.deadline, time.monotonic() + left)
            seconds = self.deadline - time.monotonic()
            if seconds <= 0:
                raise self.late()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(seconds, LOOKED)):
                    await self._changed.wait()
                return

    def _wake(self) -> None:
        with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._changed.set)
