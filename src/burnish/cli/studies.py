"""Commands that train several times to answer one question."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from burnish.cli.options import FILE, workers_option
from burnish.core.collecting import importing

if TYPE_CHECKING:
    from burnish.workers import Workers


@click.command("learning-curve", short_help="Train on parts of the rows: would more rows help?")
@click.argument("recipe", nargs=-1, metavar="RECIPE [PLACE=VALUE]...")
@click.option("--out", type=FILE, required=True, metavar="FOLDER", help="Where figures and picture go; must not exist.")
@click.option(
    "--shares",
    default="0.125,0.25,0.5,1",
    show_default=True,
    metavar="LIST",
    help="Shares of the training rows, each trained with as many steps.",
)
@click.option("--seeds", type=click.IntRange(1, 20), default=1, show_default=True, help="Trainings of each share.")
@workers_option
def learning_curve(recipe: tuple[str, ...], out: Path, shares: str, seeds: int, workers: Workers | None) -> None:
    """Train as RECIPE says on shares of its training rows, score on validation, and say whether more rows would help.

    The held-out test is not read.

    \b
    burnish learning-curve recipe.yaml --out curves/reviews
    burnish learning-curve recipe.yaml epochs=4 --seeds 3 --out curves/reviews
    """
    from burnish.core.errors import InputError
    from burnish.stages.train.asked import asked

    try:
        parts = [float(part) for part in shares.split(",")]
    except ValueError:
        raise InputError(f"shares {shares!r}", expected="numbers with commas between", place="--shares") from None
    request = asked(recipe, out=out)
    with importing():
        from burnish.stages import learning_curve as stage

    stage.learning_curve(request.recipe, out, shares=parts, seeds=seeds, say=click.echo, workers=workers)
    click.echo(f"Report: {out / 'learning_curve.md'}")


@click.command(
    "cross-validate", short_help="Train on folds: a prediction for each row by a model that has not seen it."
)
@click.argument("recipe", nargs=-1, metavar="RECIPE [PLACE=VALUE]...")
@click.option("--folds", type=click.IntRange(2, 50), default=5, show_default=True, help="How many trainings.")
@click.option(
    "--out", type=FILE, required=True, metavar="FOLDER", help="Where figures and predictions go; must not exist."
)
@workers_option
def cross_validate(recipe: tuple[str, ...], folds: int, out: Path, workers: Workers | None) -> None:
    """Train as RECIPE says on all folds but one, for each fold; then test all models together, once.

    Groups stay in one fold. All models stay in memory until the end.

    \b
    burnish cross-validate recipe.yaml --folds 5 --out folds/reviews
    """
    from burnish.stages.train.asked import asked

    request = asked(recipe, out=out)
    with importing():
        from burnish.stages import cross_validation as stage

    stage.cross_validate(request.recipe, out, count=folds, say=click.echo, workers=workers)
    click.echo(f"Report: {out / 'cross_validation.md'}")


@click.command(short_help="Train with several seeds: how sure is the score?")
@click.argument("recipe", nargs=-1, metavar="RECIPE [PLACE=VALUE]...")
@click.option("-n", "--count", type=click.IntRange(2, 1000), default=5, show_default=True, help="How many seeds.")
@click.option("--out", type=FILE, required=True, metavar="FOLDER", help="Where runs and figures go.")
@workers_option
def seeds(recipe: tuple[str, ...], count: int, out: Path, workers: Workers | None) -> None:
    """Train and test as RECIPE says with several seeds on the same splits; say how much of the score is luck.

    The same command goes on where it was stopped, and a larger -n adds runs. Runs that fail are counted.

    \b
    burnish seeds recipe.yaml -n 5 --out seeds/reviews
    burnish seeds recipe.yaml -n 10 --out seeds/reviews --workers local:2
    """
    from burnish.stages.train.asked import asked
    from burnish.workers import workers_of

    request = asked(recipe, out=out)
    with importing():
        from burnish.stages import seeds as stage

    stage.seeds(request.recipe, out, count=count, workers=workers or workers_of("local:1"), say=click.echo)
    click.echo(f"Report: {out / 'seeds.html'}")


@click.command(short_help="Make a run smaller and faster, as far as a bound allows.")
@click.argument("run", type=FILE)
@click.option(
    "--bound",
    type=click.FloatRange(min=0),
    default=0.5,
    show_default=True,
    help="Points of the deciding metric (hundredths) that may be lost, with 95 % confidence.",
)
@click.option(
    "--target",
    metavar="COST=SHAREx",
    help="Stop when this is reached: latency=0.3x, size=0.25x or memory=0.5x of the trained model in torch.",
)
@click.option(
    "--only", multiple=True, metavar="RUNG", help="Only rungs whose names begin so, such as distilled; repeatable."
)
@click.option(
    "--out", type=FILE, metavar="FOLDER", help="Where everything goes; must not exist. Default: RUN/compressed."
)
@click.option("--trust-code", is_flag=True, help="Import components from outside burnish that the bundle names.")
def compress(
    run: Path, bound: float, target: str | None, only: tuple[str, ...], out: Path | None, trust_code: bool
) -> None:
    """Try ever smaller and faster forms of RUN, each measured here and judged by its held-out predictions; keep the cheapest.

    \b
    burnish compress runs/messages
    burnish compress runs/messages --bound 0.5 --target latency=0.3x
    burnish compress runs/messages --only trained --only distilled
    """
    with importing():
        from burnish.report.compression import verdict
        from burnish.stages.compress.run import compress as stage

    result = stage(run, out=out, bound=bound, target=target, only=only, trust_code=trust_code, say=click.echo)
    click.echo(verdict(result))
    click.echo(f"Report: {(out or run / 'compressed') / 'compression.md'}")
