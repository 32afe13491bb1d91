"""The verb `chat`: lines in, replies out, in a terminal or through pipes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TextIO

from burnish.answering.requested import Decoding
from burnish.core.errors import InputError, nearest
from burnish.stages.chat import showing
from burnish.stages.chat.opening import base_of, opened, shared_system
from burnish.stages.chat.session import Session

COMMANDS = {
    "/reset": "forget what was said",
    "/system": "TEXT: another system message, and a new conversation; without TEXT none",
    "/help": "this",
    "/quit": "end",
}
BASE, TUNED = "base", "tuned"


@dataclass(frozen=True)
class Request:
    """What was asked for.

    Attributes:
        source: a run, bundle or checkpoint.
        compare: whether the checkpoint that it was trained from replies as well.
        base: where that checkpoint is; None: where the recipe has it.
        system: the system message; None: that of the training data, where all of it has one.
        decoding: settings of each reply.
        template: of a checkpoint.
        runtime, trust_code: as of `burnish.load`.
    """

    source: str
    compare: bool = False
    base: str | None = None
    system: str | None = None
    decoding: Decoding = field(default_factory=Decoding)
    template: str | None = None
    runtime: str | dict[str, Any] | None = None
    trust_code: bool = False


def chat(asked: Request, *, lines: TextIO | None = None, out: TextIO | None = None) -> None:
    """Talk with a model until the lines end or `/quit`.

    From a terminal Ctrl-C stops the reply. Elsewhere each line is a message, and what is not a reply goes to standard error;
    a line that is a JSON object with `messages` is a conversation of its own.

    Args:
        asked: with whom, and how.
        lines: of messages; None: standard input.
        out: of replies; None: standard output.

    Raises:
        InputError: nobody to talk with; a setting out of its bounds; or, not from a terminal, a message that cannot be
            answered.
    """
    lines, out = lines or sys.stdin, out or sys.stdout
    talk = Talk(*_models(asked), out=out, patient=lines.isatty())
    talk.begin()
    for line in _asked(out) if lines.isatty() else (line.rstrip("\r\n") for line in lines):
        if not talk.line(line):
            return


def _models(asked: Request) -> tuple[list[str], list[Session]]:
    tuned = opened(asked.source, template=asked.template, runtime=asked.runtime, trust_code=asked.trust_code)
    names, predictors = [TUNED], [tuned]
    if asked.compare:
        if "recipe" not in tuned.bundle.settings and asked.base is None:
            raise InputError(
                "a checkpoint as it is has no base to compare with", fix="--base NAME names another", place="--compare"
            )
        base = base_of(tuned.bundle, asked.base, runtime=asked.runtime, trust_code=asked.trust_code)
        names, predictors = [BASE, TUNED], [base, tuned]
    system = shared_system(tuned.bundle) if asked.system is None else asked.system
    asked.decoding.decoder(tuned.bundle.decoder)
    return names, [
        Session(p, asked.decoding, system, partial(_note, f"{name}: " if asked.compare else ""))
        for name, p in zip(names, predictors, strict=True)
    ]


class Talk:
    """What lines do.

    Args:
        names, sessions: who replies.
        out: where replies go.
        patient: in a terminal: what cannot be answered is said, and Ctrl-C stops a reply only.
    """

    def __init__(self, names: Sequence[str], sessions: Sequence[Session], *, out: TextIO, patient: bool) -> None:
        self._names, self._sessions, self._out, self._patient = names, sessions, out, patient

    def begin(self) -> None:
        """Say how to talk, in a terminal; and which system message there is."""
        if self._sessions[0].system:
            _note("", f"system message: {self._sessions[0].system}")
        if self._patient:
            _note("", "Ctrl-C stops a reply. " + ", ".join(COMMANDS))

    def line(self, line: str) -> bool:
        """Do what a line says; False where it ends the talk."""
        word, _, rest = line.strip().partition(" ")
        if not word:
            return True
        if word == "/quit":
            return False
        try:
            if word.startswith("/"):
                self._command(word, rest.strip())
            else:
                self._answer(line)
        except InputError as error:
            if not self._patient:
                raise
            _note("", str(error))
        except KeyboardInterrupt:
            if not self._patient:
                raise
            _note("", "stopped")
        return True

    def _command(self, word: str, rest: str) -> None:
        if word in ("/reset", "/system"):
            for session in self._sessions:
                session.reset(rest if word == "/system" else None)
            system = self._sessions[0].system
            _note("", "a new conversation" + (f", system message: {system}" if system else ", without system message"))
        elif word == "/help":
            _note("", "; ".join(f"{name} {what}" for name, what in COMMANDS.items()))
        else:
            guess = nearest(word, list(COMMANDS))
            raise InputError(
                f"there is no command {word}",
                expected=", ".join(COMMANDS),
                fix=f"did you mean {guess}?" if guess else "a message that begins with / cannot be sent",
            )

    def _answer(self, line: str) -> None:
        row = None if self._patient else _conversation(line)
        replies = [s.said(line) if row is None else s.alone(row) for s in self._sessions]
        try:
            if len(replies) == 1:
                showing.written(replies[0], self._out)
            else:
                if row is not None or not self._patient:
                    self._out.write(f"{_question(row) if row else line}\n")
                showing.beside(self._names, replies, self._out)
        finally:
            for reply in replies:
                reply.close()
        for name, session in zip(self._names, self._sessions, strict=True):
            if session.last and session.last.answer and session.last.answer.ended == "length":
                who = f"{name}: " if len(self._sessions) > 1 else ""
                _note(who, f"cut off after {session.last.written_tokens} tokens (--max-new-tokens)")


def _conversation(line: str) -> dict[str, Any] | None:
    """The row of a line that is a conversation as files have it; None for a message."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) and isinstance(row.get("messages"), list) else None


def _question(row: dict[str, Any]) -> str:
    last = row["messages"][-1] if row["messages"] else None
    return str(last.get("content", "")) if isinstance(last, dict) else ""


def _asked(out: TextIO) -> Iterator[str]:
    """Lines from a terminal; Ctrl-C begins a new one."""
    with suppress(ImportError):
        import readline  # noqa: F401  arrow keys and earlier lines
    while True:
        try:
            yield input("> ")
        except KeyboardInterrupt:
            _note("\n", "/quit or Ctrl-D ends")
        except EOFError:
            out.write("\n")
            return


def _note(before: str, text: str) -> None:
    print(f"{before}({text})", file=sys.stderr, flush=True)
