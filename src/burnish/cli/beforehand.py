"""Commands that look at a recipe before it is trained: which way with rare classes, which rate, what the run will do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from burnish.cli.options import FILE
from burnish.cli.output import show
from burnish.core.collecting import importing

if TYPE_CHECKING:
    from burnish.recipe.recipe import Recipe


def _asked(command: Callable[..., None]) -> Callable[..., None]:
    """The arguments and options that say which recipe is meant, as `train` has them."""
    options = (
        click.argument("recipe", nargs=-1, metavar="[RECIPE or DATA] [PLACE=VALUE]..."),
        click.option("--data", multiple=True, metavar="FILE", help="Training data; repeatable."),
        click.option("--target", metavar="COLUMN", help="Label column."),
        click.option("--model", metavar="NAME", help="Local folder, hub name, or 'starter'."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _recipe(arguments: tuple[str, ...], data: tuple[str, ...], target: str | None, model: str | None) -> Recipe:
    from burnish.stages.train.asked import asked

    request = asked(arguments, data=data, target=target, model=model, out=Path("unused"))
    for note in request.notes:
        click.echo(f"note: {note}", err=True)
    return request.recipe


def _say(text: str) -> None:
    click.echo(text, err=True)


@click.command("try-imbalance", short_help="Compare ways with rare classes.")
@_asked
@click.option("--way", "ways", multiple=True, metavar="NAME", help="Only these ways, beside none; repeatable.")
@click.option("-o", "--out", type=FILE, metavar="FILE", help="Write the comparison to this file as JSON as well.")
def try_imbalance(
    recipe: tuple[str, ...],
    data: tuple[str, ...],
    target: str | None,
    model: str | None,
    ways: tuple[str, ...],
    out: Path | None,
) -> None:
    """Compare ways with rare classes on validation examples, and name the simplest that is not worse than the best.

    Every way is trained with the same seeds on the same rows, on frozen features; the best two are confirmed as RECIPE
    trains. No test row is read.

    \b
    burnish try-imbalance recipe.yaml
    burnish try-imbalance --data messages.csv --target label --way smote --way focal
    """
    asked_for = _recipe(recipe, data, target, model)
    with importing():
        from burnish.stages.imbalance.compare import compare
    from burnish.core.files import write_json
    from burnish.report.imbalance import imbalance

    found = compare(asked_for, _say, ways).as_values()
    if out is not None:
        write_json(out, found)
    _print(imbalance(found, heading="# Ways with rare classes"))
    click.echo(f"\nin a recipe: imbalance: {found['chosen']}")


@click.command("find-rate", short_help="Find a learning rate.")
@_asked
@click.option("--steps", default=100, show_default=True, metavar="N", help="Steps of the test.")
@click.option("--lowest", default=1e-7, show_default=True, metavar="RATE", help="Where it begins.")
@click.option(
    "--highest", default=1.0, show_default=True, metavar="RATE", help="Where it ends, unless the loss explodes."
)
@click.option(
    "-o", "--out", type=FILE, default=Path("rate.png"), show_default=True, metavar="FILE", help="The picture."
)
def find_rate(
    recipe: tuple[str, ...],
    data: tuple[str, ...],
    target: str | None,
    model: str | None,
    steps: int,
    lowest: float,
    highest: float,
    out: Path,
) -> None:
    """Raise the learning rate from step to step until the loss explodes, and suggest one.

    \b
    burnish find-rate recipe.yaml
    burnish find-rate --data messages.csv --target label --model MODEL
    """
    asked_for = _recipe(recipe, data, target, model)
    with importing():
        from burnish.stages.rates.find import find
    found: Any = find(asked_for, _say, steps=steps, lowest=lowest, highest=highest, picture=out)
    for line in found.lines():
        click.echo(line)
    click.echo(f"wrote {out}", err=True)


@click.command(short_help="Draw what a run will do.")
@_asked
@click.option(
    "-o", "--out", type=FILE, default=Path("plan.png"), show_default=True, metavar="FILE", help="The picture."
)
def plot(recipe: tuple[str, ...], data: tuple[str, ...], target: str | None, model: str | None, out: Path) -> None:
    """Draw learning rate, momentum and what learns over the whole run, before it begins.

    \b
    burnish plot recipe.yaml
    burnish plot recipe.yaml schedule=one_cycle epochs=5 --out plan.png
    """
    asked_for = _recipe(recipe, data, target, model)
    with importing():
        from burnish.stages.rates.plan import plan
    found: Any = plan(asked_for, _say, picture=out)
    for line in found.lines():
        click.echo(line)
    click.echo(f"wrote {out}", err=True)


BEFOREHAND = (try_imbalance, find_rate, plot)
"""All of them, in the order in which help shows them."""


def _print(markdown: list[str]) -> None:
    from rich.markdown import Markdown

    show(Markdown("\n".join(markdown)))
