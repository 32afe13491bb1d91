"""The console where no one can see a line change: one line for each thing, no colours, no control characters."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import indent

from burnish.core.events import Event
from burnish.trackers._console_state import (
    Sections,
    TrainingState,
    closing,
    duration,
    figure,
    heading_of_test,
    phase_words,
    sanity_pieces,
    sanity_place,
    sanity_words,
    summary,
    test_table,
    validated,
)


class PlainConsole:
    """Plain lines on stdout; while training, one every `seconds` and one at each tenth of the steps.

    A failure is not shown: the error itself follows, and is said by whoever called.
    """

    def __init__(self, run: Path, seconds: float) -> None:
        self._run, self._seconds = run, seconds
        self._training = TrainingState()
        self._said_at, self._tenth = 0.0, -1
        self._sections, self._phases_said = Sections(), set[str]()

    def __call__(self, event: Event) -> None:
        if heading := self._sections.heading(event):
            self._write(heading)
        if show := getattr(self, f"on_{event.name}", None):
            show(event)

    def close(self, failed: bool) -> None:
        sys.stdout.flush()

    def _write(self, text: str) -> None:
        encoding = sys.stdout.encoding or "utf-8"
        print(text.encode(encoding, "replace").decode(encoding), flush=True)

    def _table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
        for row in [header, *rows]:
            cells = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
            self._write("  " + "  ".join(cells).rstrip())

    def on_run_started(self, event: Event) -> None:
        pairs = summary(event.values)
        width = max((len(name) for name, _ in pairs), default=0)
        for name, words in pairs:
            self._write(f"{name.ljust(width)}  {words}")

    def on_note(self, event: Event) -> None:
        self._write(str(event.values.get("text", "")))

    def on_warning(self, event: Event) -> None:
        self._write(f"warning: {event.values.get('text', '')}")

    def on_diagnosis(self, event: Event) -> None:
        self._write(f"diagnosis: {event.values.get('text', '')} {event.values.get('remedy', '')}")

    def on_phase(self, event: Event) -> None:
        """Where a phase is: when it is first heard of unfinished, then every `seconds`. What ends at once is not said."""
        text, done, total = (event.values.get(name) for name in ("text", "done", "total"))
        finished = done is not None and total is not None and done >= total
        if finished or total == 1:
            return
        if text not in self._phases_said or event.time - self._said_at >= self._seconds:
            self._phases_said.add(str(text))
            self._said_at = event.time
            self._write(phase_words(event.values))

    def on_sanity(self, event: Event) -> None:
        self._write("decoded model inputs:")
        for example in event.values.get("examples") or ():
            if parts := sanity_pieces(example):
                marked = "".join(f"⟦{text}⟧" if learned else text for text, learned in parts)
                self._write(f"  {sanity_place(example)}, between ⟦ ⟧")
                self._write(indent(marked, "    "))
            else:
                self._write(f"  {sanity_words(example)}")

    def on_step(self, event: Event) -> None:
        state = self._training
        state.see(event)
        tenth = 10 * state.step // max(1, state.total)
        last = state.step == state.total
        if tenth == self._tenth and not last and event.time - self._said_at < self._seconds:
            return
        self._tenth, self._said_at = tenth, event.time
        left = state.seconds_left
        rest = [f"{duration(left)} left"] if left is not None and not last else []
        share = f" ({100 * state.step // state.total} %)" if state.total else ""
        self._write(", ".join([f"step {state.step:,} of {state.total:,}{share}", *state.figures(), *rest]))

    def on_validation(self, event: Event) -> None:
        values = event.values
        words = ", ".join(f"{name} {figure(score)}" for name, score in validated(values).items())
        self._write(
            f"validation at step {values.get('number', 0):,}: {words}" + (", best" if values.get("best") else "")
        )

    def on_test(self, event: Event) -> None:
        self._write(heading_of_test(event.values))
        self._table(*test_table(event.values))
        for sentence in event.values.get("verdicts") or ():
            self._write(str(sentence))

    def on_run_finished(self, event: Event) -> None:
        self._write(closing(event.values, self._run))
