"""The command that searches for settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from burnish.cli.options import FILE, workers_option
from burnish.core.collecting import importing

if TYPE_CHECKING:
    from burnish.workers import Workers


@click.command(short_help="Search for the best settings.")
@click.argument("recipe", nargs=-1, metavar="RECIPE [PLACE=VALUE]...")
@click.option("--out", type=FILE, required=True, metavar="FOLDER", help="Where trials, figures and the best recipe go.")
@click.option("--trials", type=click.IntRange(1), metavar="N", help="How many trials. Default: 20, all of a grid.")
@click.option("--minutes", type=float, metavar="M", help="No trial begins after so many minutes of this call.")
@click.option(
    "--sampler", type=click.Choice(["tpe", "random", "grid"]), default="tpe", show_default=True,
    help="How settings are drawn.",
)  # fmt: skip
@click.option(
    "--pruning", type=click.Choice(["none", "median", "hyperband"]), default="none", show_default=True,
    help="Which trials are ended early, by the validation scores of their first seed.",
)  # fmt: skip
@click.option("--seeds", type=click.IntRange(1, 100), default=1, show_default=True, help="Trainings of each trial.")
@click.option(
    "--fresh", type=click.IntRange(0, 100), default=3, show_default=True,
    help="Fresh seeds on which the winner and the usual settings are trained again.",
)  # fmt: skip
@click.option(
    "--storage", type=click.Choice(["journal", "sqlite"]), default="journal", show_default=True,
    help="File in which trials are remembered.",
)  # fmt: skip
@workers_option
def sweep(recipe: tuple[str, ...], out: Path, workers: Workers | None, **options: Any) -> None:
    """Train trials of RECIPE and write down the best of what it leaves open, chosen on validation.

    In the recipe: learning_rate: {sweep: [1e-5, 1e-4], log: true} or optimizer: {choices: [adamw, lion]}. The same
    command goes on where it was stopped; started twice, both work on the same trials. No trial reads the test.

    \b
    burnish sweep recipe.yaml --out sweeps/reviews --trials 20
    burnish sweep recipe.yaml 'learning_rate={sweep: [1e-5, 1e-4], log: true}' --out sweeps/reviews --workers local:2
    burnish sweep recipe.yaml --out sweeps/reviews --pruning median --seeds 2 --minutes 60
    """
    from burnish.stages.train.asked import asked_open
    from burnish.workers import workers_of

    request = asked_open(recipe)
    for note in request.notes:
        click.echo(f"note: {note}", err=True)
    with importing():
        from burnish.stages.sweep.run import Wanted, sweep
        from burnish.stages.sweep.search import Budget
    trials, minutes = options["trials"], options["minutes"]
    if trials is None and minutes is None and options["sampler"] != "grid":
        trials = 20
    how = {name: options[name] for name in ("sampler", "pruning", "seeds", "fresh")}
    wanted = Wanted(**how, kept=options["storage"], budget=Budget(trials, minutes))
    found = sweep(request.settings, out, wanted, workers=workers or workers_of("local:1"), say=click.echo)
    if found is not None:
        click.echo(f"Report: {out / 'sweep.html'}\nTrain and test the winner: burnish train {out / 'best.yaml'}")
