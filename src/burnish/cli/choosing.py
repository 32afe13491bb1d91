"""The command that compares checkpoints."""

from __future__ import annotations

from pathlib import Path

import click

from burnish.cli.options import FILE
from burnish.cli.output import show
from burnish.core.collecting import importing

GIB = 2**30


@click.command(short_help="Compare checkpoints for your data on this machine.")
@click.argument("recipe", nargs=-1, metavar="[RECIPE or DATA] [PLACE=VALUE]...")
@click.option("--data", multiple=True, metavar="FILE", help="Training data; repeatable.")
@click.option("--target", metavar="COLUMN", help="Label column.")
@click.option(
    "--candidate",
    "named",
    multiple=True,
    metavar="NAME",
    help="Folder of a checkpoint or of several, hub name, or 'starter'; repeatable. Default: BURNISH_MODELS and the starter.",
)
@click.option(
    "--list", "file", type=FILE, metavar="FILE", help="YAML list of candidates, with settings where they need some."
)
@click.option("--free", is_flag=True, help="Only checkpoints whose card states a licence that allows any use.")
@click.option("--language", metavar="CODE", help="Only checkpoints whose card names it, or no language.")
@click.option("--memory", type=float, metavar="GIB", help="Most memory of a training step.")
@click.option("--latency", type=float, metavar="MS", help="Most milliseconds of an answer.")
@click.option(
    "--rows",
    default=600,
    show_default=True,
    type=click.IntRange(20, 5000),
    help="Training rows whose features are scored.",
)
@click.option(
    "--confirm", default=3, show_default=True, type=click.IntRange(0, 20), help="How many are trained briefly."
)
@click.option(
    "--steps", default=60, show_default=True, type=click.IntRange(1), help="Steps of the first brief training."
)
@click.option(
    "--out", type=FILE, required=True, metavar="FOLDER", help="Where table, picture and recipe go; must not exist."
)
def choose(
    recipe: tuple[str, ...],
    data: tuple[str, ...],
    target: str | None,
    named: tuple[str, ...],
    file: Path | None,
    free: bool,
    language: str | None,
    memory: float | None,
    latency: float | None,
    rows: int,
    confirm: int,
    steps: int,
    out: Path,
) -> None:
    """Compare checkpoints: licence and language, one real step and answer, features, then brief trainings of the best.

    The test split is not read. FOLDER gets choice.md, choice.json, choice.png and recipe.yaml.

    \b
    burnish choose --data messages.csv --target label --candidate starter --candidate models/ --out choice
    burnish choose recipe.yaml --list candidates.yaml --latency 20 --out choice
    """
    from burnish.stages.train.asked import asked

    request = asked(recipe, data=data, target=target, out=out)
    with importing():
        from burnish.stages.choose.candidates import candidates
        from burnish.stages.choose.choose import Wishes
        from burnish.stages.choose.written import chosen_into
    wishes = Wishes(
        free,
        language,
        None if memory is None else int(memory * GIB),
        None if latency is None else latency / 1000,
        rows,
        confirm,
        steps,
    )
    found = chosen_into(out, request.recipe, candidates(named, file), wishes, lambda text: click.echo(text, err=True))
    from rich.markdown import Markdown

    show(Markdown((out / "choice.md").read_text(encoding="utf-8").rpartition("![")[0]))
    click.echo(f"\nnext: burnish train {out / 'recipe.yaml'}    # {found.chosen.name}")
