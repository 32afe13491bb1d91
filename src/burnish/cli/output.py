"""What commands print."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table


def show(what: RenderableType) -> None:
    """Print to the terminal; whole lines where it is a pipe."""
    from rich.console import Console

    if sys.stdout.isatty():
        Console(highlight=False).print(what)
        return
    # A pipe has no width: 200 columns keep most rows on one line, without the blanks that fill a terminal's.
    wide = Console(highlight=False, width=200)
    with wide.capture() as captured:
        wide.print(what)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def show_result(result: dict[str, Any]) -> None:
    """Print what a stage gave back."""
    from burnish.recipe.listing import result_table

    for note in result.get("notes") or ():
        click.echo(f"note: {note}", err=True)
    for warning in result.get("warnings") or ():
        click.echo(f"warning: {warning}", err=True)
    show(result_table(result))


def catalogue_table() -> Table:
    """The checkpoints of the catalogue, those of one modality together, and what is known of each."""
    from burnish.recipe.listing import plain_table
    from burnish.stages.choose.catalogue import CATALOGUE

    table = plain_table("checkpoint", "for", "million parameters", "licence", "languages", "tokens", "learned from")
    for one in CATALOGUE:
        known = (f"{one.parameters:g}", one.licence, " ".join(one.languages), str(one.longest or ""), one.learned_from)
        table.add_row(one.name, one.modality, *known)
    return table
