"""The command that makes a page to compare tunes by ear."""

from __future__ import annotations

from pathlib import Path

import click

from burnish.cli.options import FILE
from burnish.cli.output import show


@click.command(short_help="Make a page to compare tunes by ear, blind.")
@click.argument("run", type=FILE)
@click.argument("other", type=FILE, required=False)
@click.option("-o", "--out", type=FILE, default=Path("listen.html"), show_default=True, help="A new HTML file.")
@click.option("--pairs", type=click.IntRange(1), default=20, show_default=True, help="How many are heard at most.")
@click.option("--seed", type=int, default=0, show_default=True, help="Which of a pair is A, which B.")
def listen(run: Path, other: Path | None, out: Path, pairs: int, seed: int) -> None:
    """Make a page on which tunes of RUN are heard beside those of its checkpoint, or of OTHER, without names.

    \b
    burnish listen runs/tunes
    burnish listen runs/tunes runs/more-epochs -o compare.html
    """
    from burnish.stages.listen import listen as stage

    made = stage(run, other, out=out, pairs=pairs, seed=seed)
    silent = f"; {made['silent']} examples without a tune on both sides are left out" if made["silent"] else ""
    show(f"{made['pairs']} pairs: {made['path']}{silent}")
