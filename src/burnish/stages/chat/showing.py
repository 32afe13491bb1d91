"""How replies are shown: one as it is written, or two side by side."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

WIDTH = 110
"""Columns of two replies side by side where no terminal has a width."""


def written(pieces: Iterator[str], out: TextIO) -> None:
    """Show a reply as it comes, and end its line."""
    harmless = out.isatty()
    begun = False
    try:
        for piece in pieces:
            shown = piece if begun else piece.lstrip()
            begun = begun or bool(shown)
            out.write(without_controls(shown) if harmless else shown)
            out.flush()
    finally:
        out.write("\n")
        out.flush()


def beside(names: Sequence[str], replies: Sequence[Iterator[str]], out: TextIO) -> None:
    """Show several replies in columns: in a terminal while they are written, one token of each in turn; elsewhere at the end."""
    texts = [""] * len(replies)
    with _table(names, texts, out) as drawn:
        going = dict(enumerate(replies))
        while going:
            for number, pieces in list(going.items()):
                piece = next(pieces, None)
                if piece is None:
                    del going[number]
                else:
                    texts[number] += without_controls(piece)
            drawn()


def without_controls(text: str) -> str:
    """Without control characters, by which a model could move the cursor of a terminal."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc")


@contextmanager
def _table(names: Sequence[str], texts: Sequence[str], out: TextIO) -> Iterator[Callable[[], None]]:
    """What draws the texts anew; at the end, however it comes, they stand as they are."""

    def table() -> Table:
        made = Table(expand=True, show_lines=False)
        for name in names:
            made.add_column(name, ratio=1)
        made.add_row(*(Text(text.strip()) for text in texts))
        return made

    console = Console(file=out, highlight=False, width=None if out.isatty() else WIDTH)
    try:
        if out.isatty():
            with Live(table(), console=console, transient=True, vertical_overflow="crop") as live:
                yield lambda: live.update(table())
        else:
            yield lambda: None
    finally:
        console.print(table())
