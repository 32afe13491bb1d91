"""The console in a terminal: progress bars while something goes on, permanent lines above them for what happened."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console as Terminal
from rich.console import Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

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

_COLUMN = 10


class LiveConsole:
    """Progress bars before training, one live display during it, tables and words above."""

    def __init__(self, run: Path, terminal: Terminal | None = None) -> None:
        self._run = run
        self._terminal = terminal or Terminal(highlight=False)
        self._training = TrainingState()
        self._phases: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._live: Live | None = None
        self._validation: list[str] = []
        self._sections = Sections()
        self._amid = ""

    def __call__(self, event: Event) -> None:
        if heading := self._sections.heading(event):
            self._end_phases()
            self._print(Text(heading, style="bold"))
        if show := getattr(self, f"on_{event.name}", None):
            show(event)

    def close(self, failed: bool) -> None:
        self._end_phases()
        self._end_training()

    def _print(self, what: RenderableType) -> None:
        self._terminal.print(what)  # a live display on the same terminal moves down by itself

    def on_run_started(self, event: Event) -> None:
        self._end_phases()
        grid = Table.grid(padding=(0, 2))
        for name, words in summary(event.values):
            grid.add_row(Text(name, style="dim"), Text(words))
        self._print(grid)

    def on_note(self, event: Event) -> None:
        self._print(Text(str(event.values.get("text", "")), style="dim"))

    def on_warning(self, event: Event) -> None:
        self._print(Text.assemble(("warning  ", "yellow"), str(event.values.get("text", ""))))

    def on_diagnosis(self, event: Event) -> None:
        text, remedy = (str(event.values.get(name, "")) for name in ("text", "remedy"))
        self._print(Text.assemble(("diagnosis  ", "yellow"), f"{text} ", (remedy, "dim")))

    def on_phase(self, event: Event) -> None:
        """One bar a phase; a bar without an end pulses. Amid training it is a line of the training display."""
        if self._live is not None and self._training.step < self._training.total:
            self._amid = phase_words(event.values)
            return
        text = str(event.values.get("text", ""))
        total, done = event.values.get("total"), event.values.get("done") or 0
        progress = self._phases or self._start_phases()
        if text not in self._tasks:
            for task in self._tasks.values():
                self._complete(progress, task)
            self._tasks[text] = progress.add_task(text, total=total)
        progress.update(self._tasks[text], completed=done, total=total)

    def _start_phases(self) -> Progress:
        self._end_training()
        self._phases = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._terminal,
        )
        self._phases.start()
        return self._phases

    def _complete(self, progress: Progress, task: TaskID) -> None:
        known = progress.tasks[task]
        if known.total is None:
            progress.update(task, total=max(1, known.completed), completed=max(1, known.completed))
        progress.stop_task(task)

    def _end_phases(self) -> None:
        if self._phases is not None:
            for task in self._tasks.values():
                self._complete(self._phases, task)
            self._phases.stop()
        self._phases, self._tasks = None, {}

    def on_sanity(self, event: Event) -> None:
        self._end_phases()
        self._print(Text("decoded model inputs", style="dim"))
        for example in event.values.get("examples") or ():
            if parts := sanity_pieces(example):
                self._print(Text(f"  {sanity_place(example)}, in green", style="dim"))
                coloured = [(text, "bold green" if learned else "") for text, learned in parts]
                self._print(Padding(Text.assemble(*coloured), (0, 0, 0, 4)))
            else:
                self._print(Text(f"  {sanity_words(example)}"))

    def on_step(self, event: Event) -> None:
        self._end_phases()
        self._training.see(event)
        self._amid = ""
        if self._live is None:
            self._live = Live(
                get_renderable=self._training_display, console=self._terminal, refresh_per_second=4, transient=True
            )
            self._live.start()

    def _training_display(self) -> RenderableType:
        state = self._training
        left = state.seconds_left if state.step < state.total else None
        row = Table.grid(padding=(0, 1), expand=True)
        row.add_column()
        row.add_column(ratio=1)
        row.add_column(justify="right")
        row.add_row(
            Text("training"),
            ProgressBar(total=max(1, state.total), completed=state.step, width=None),
            Text(f"{state.step:,}/{state.total:,}" + ("" if left is None else f"  {duration(left)} left")),
        )
        figures = Text("   ".join(state.figures()), style="cyan", no_wrap=True, overflow="ellipsis")
        return Group(row, figures, *([Text(self._amid, style="dim")] if self._amid else []))

    def _end_training(self) -> None:
        self._amid = ""
        if self._live is not None:
            self._live.stop()
            self._print(self._training_display())
        self._live = None

    def on_validation(self, event: Event) -> None:
        """A line of the validation table; its head comes before the first one."""
        self._end_phases()
        values = event.values
        scores = validated(values)
        names = list(scores)
        widths = [max(_COLUMN, len(name) + 2) for name in names]
        if names != self._validation:
            self._validation = names
            head = "".join(name.rjust(width) for name, width in zip(names, widths, strict=True))
            self._print(Text(f"{'validation':>10}{head}", style="bold"))
        row = "".join(figure(scores[name]).rjust(width) for name, width in zip(names, widths, strict=True))
        line = Text(f"{'step ' + format(values.get('number', 0), ','):>10}{row}")
        self._print(line.append("  best", style="green") if values.get("best") else line)

    def on_test(self, event: Event) -> None:
        self.close(failed=False)
        header, rows = test_table(event.values)
        table = Table(
            title=heading_of_test(event.values), title_justify="left", title_style="bold", box=None, pad_edge=False
        )
        for i, name in enumerate(header):
            table.add_column(Text(name), justify="left" if i == 0 else "right", style="bold" if i == 1 else "")
        for cells in rows:
            table.add_row(*(Text(cell) for cell in cells))
        self._print(table)
        for sentence in event.values.get("verdicts") or ():
            self._print(Text(str(sentence)))

    def on_run_finished(self, event: Event) -> None:
        self.close(failed=False)
        self._terminal.print(Text(closing(event.values, self._run), style="green"), soft_wrap=True)

    def on_run_failed(self, event: Event) -> None:
        """Only give the terminal back: the error itself follows, and is said by whoever called."""
        self.close(failed=True)
