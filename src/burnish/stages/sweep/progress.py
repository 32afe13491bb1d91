"""All trials while they run: a table that is drawn anew in a terminal, a line for each event elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from burnish.stages.sweep.search import Search, parameters_said
from burnish.stages.sweep.storage import library

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

PAUSE = 0.5  # seconds between two drawings


class Progress:
    """Told by a search what happens.

    Args:
        live: what is drawn anew; None: lines are printed.
    """

    def __init__(self, live: Live | None) -> None:
        self._live, self._drawn = live, 0.0

    def __call__(self, search: Search, said: str) -> None:
        if said:
            if self._live is not None:
                self._live.console.print(said, highlight=False, markup=False)
            else:
                print(f"{counted(search.trials())}; {said}", flush=True)
        if self._live is not None and time.monotonic() - self._drawn > PAUSE:
            self._drawn = time.monotonic()
            self._live.update(table(search))


@contextmanager
def progress() -> Iterator[Progress]:
    """Whatever fits where the output goes."""
    if not sys.stdout.isatty():
        yield Progress(None)
        return
    from rich.live import Live

    with Live(refresh_per_second=2, transient=True) as live:
        yield Progress(live)


def counted(trials: list[Any]) -> str:
    """How many trials there are of each state."""
    state = library().trial.TrialState
    names = {state.COMPLETE: "done", state.PRUNED: "pruned", state.FAIL: "failed", state.RUNNING: "running"}
    states = [trial.state for trial in trials]
    return ", ".join(f"{states.count(s)} {name}" for s, name in names.items() if states.count(s)) or "none yet"


def table(search: Search) -> Table:
    """The trials at work here, under what is known of all."""
    from rich.table import Table

    trials = search.trials()
    results = [(t.value, t) for t in trials if "result" in t.user_attrs and t.value is not None]
    best = max(results, key=lambda pair: pair[0], default=None)
    title = counted(trials)
    if best is not None:
        found = best[1].user_attrs["result"]
        title += f"; best: trial {best[1].number}, {found['metric']} {found['value']:.4f}"
    made = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in ("trial", "done", "last score", "minutes", "settings"):
        made.add_column(column)
    for working in search.working.values():
        made.add_row(
            str(working.trial.number),
            f"{working.done:.0%}",
            "" if working.last is None else f"{working.last:.4f}",
            f"{(time.monotonic() - working.since) / 60:.1f}",
            parameters_said(working.trial.params),
        )
    return made
