"""The command that looks at data closely, and makes a new data set of what a person decided."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from burnish.cli.options import FILE
from burnish.cli.output import show
from burnish.core.collecting import importing

if TYPE_CHECKING:
    from burnish.core.events import Event
    from burnish.recipe.recipe import Recipe

SECONDS = 600.0
"""That an audit of its own may take, unless something else is asked for."""


@click.command(short_help="Look at labelled data closely, and review it.")
@click.argument("recipe", nargs=-1, metavar="[RECIPE or DATA] [PLACE=VALUE]...")
@click.option("--data", multiple=True, metavar="FILE", help="Labelled data; repeatable.")
@click.option("--target", metavar="COLUMN", help="Label column.")
@click.option("--model", metavar="NAME", help="Checkpoint whose features find wrong labels; else what there is.")
@click.option("--out", type=FILE, metavar="FOLDER", help="New folder. Default: audits/ and the name of the data.")
@click.option("--quick", is_flag=True, help="Leave out wrong labels and outliers, which need features of every row.")
@click.option("--seconds", type=float, metavar="N", help=f"Time it may take. Default: {SECONDS:g}.")
@click.option("--no-rows", is_flag=True, help="Leave the data itself out of page and review, for data that is private.")
@click.option("--apply", "review", type=FILE, metavar="REVIEW", help="Write a new data set as this review.csv says.")
def audit(
    recipe: tuple[str, ...],
    data: tuple[str, ...],
    target: str | None,
    model: str | None,
    out: Path | None,
    quick: bool,
    seconds: float | None,
    no_rows: bool,
    review: Path | None,
) -> None:
    """Find repeated rows, leaks, wrong labels, outliers, shift and personal data; nothing is trained or changed.

    \b
    burnish audit messages.csv --target label
    burnish audit recipe.yaml --out audits/messages
    burnish audit --apply audits/messages/review.csv --out data/corrected
    """
    if review is not None:
        _apply(recipe, data, target, review, out)
        return
    from burnish.stages.train.asked import asked

    request = asked(recipe, data=data, target=target, model=model, out=out or Path("unused"))
    for note in request.notes:
        click.echo(f"note: {note}", err=True)
    asked_for = _settings(request.recipe, quick, seconds)
    folder = out or _free_folder(recipe, data)
    with importing():
        from burnish.stages.audit import run as stage

    found = stage.audit(
        asked_for, folder, tell=_tell, command=f"burnish {shlex.join(sys.argv[1:])}", rows=0 if no_rows else None
    )
    show(found.audit)
    click.echo(f"\nrows to look at: {len(found.review):,}")
    click.echo(f"Page:   {folder / stage.PAGE}")
    click.echo(f"Review: {folder / stage.REVIEW}")


def _settings(recipe: Recipe, quick: bool, seconds: float | None) -> Recipe:
    """The recipe with everything looked for that it does not say otherwise."""
    said = recipe.audit.model_fields_set
    wanted: dict[str, Any] = {"label_errors": True, "outliers": True, "seconds": SECONDS}
    update = {name: value for name, value in wanted.items() if name not in said}
    if quick:
        update |= {"label_errors": False, "outliers": False}
    if seconds is not None:
        update["seconds"] = seconds
    values = {**recipe.audit.model_dump(), **update}
    return recipe.model_copy(update={"audit": type(recipe.audit).model_validate(values)})


def _free_folder(recipe: tuple[str, ...], data: tuple[str, ...]) -> Path:
    """`audits/NAME` after the recipe or the data, with a number where that is taken."""
    named = [word for word in (*recipe, *data) if "=" not in word]
    stem = Path(named[0].rstrip("/")).stem if named else ""
    for number in range(1, 1_000_000):
        folder = Path("audits") / (f"{stem or 'audit'}" if number == 1 else f"{stem or 'audit'}-{number}")
        if not folder.exists():
            return folder
    raise click.UsageError("audits/ is full: give --out FOLDER")


def _tell(event: Event) -> None:
    if event.name in ("note", "warning"):
        click.echo(f"{event.name}: {event.values['text']}", err=True)


def _apply(recipe: tuple[str, ...], data: tuple[str, ...], target: str | None, review: Path, out: Path | None) -> None:
    from burnish.core.errors import InputError

    if out is None:
        raise InputError("--apply without a folder for the new data", fix="add --out FOLDER", place="--out")
    with importing():
        from burnish.stages.audit.applying import apply
    settings = None
    if recipe or data:
        from burnish.stages.train.asked import asked

        settings = asked(recipe, data=data, target=target, out=Path("unused")).recipe.data
    apply(review, out, click.echo, settings)
