"""The command that compares checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from burnish.cli.options import FILE, workers_option
from burnish.cli.output import show
from burnish.core.collecting import importing
from burnish.core.errors import InputError

if TYPE_CHECKING:
    from burnish.stages.choose.candidates import Candidate
    from burnish.workers import Workers

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
@click.option(
    "--catalogue",
    metavar="MODALITY",
    help="Candidates of the shipped catalogue for text, image or audio; `burnish list checkpoints` shows it.",
)
@click.option("--largest", type=float, metavar="MILLIONS", help="Most parameters of those of the catalogue.")
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
@workers_option
@click.option(
    "--out", type=FILE, required=True, metavar="FOLDER", help="Where table, picture and recipe go; must not exist."
)
def choose(
    recipe: tuple[str, ...],
    data: tuple[str, ...],
    target: str | None,
    named: tuple[str, ...],
    file: Path | None,
    catalogue: str | None,
    largest: float | None,
    free: bool,
    language: str | None,
    memory: float | None,
    latency: float | None,
    rows: int,
    confirm: int,
    steps: int,
    workers: Workers | None,
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
    given = candidates(named, file, _listed(catalogue, free, language, largest))
    found = chosen_into(out, request.recipe, given, wishes, lambda text: click.echo(text, err=True), workers)
    from rich.markdown import Markdown

    show(Markdown((out / "choice.md").read_text(encoding="utf-8").rpartition("![")[0]))
    click.echo(f"\nnext: burnish train {out / 'recipe.yaml'}    # {found.chosen.name}")


def _listed(modality: str | None, free: bool, language: str | None, largest: float | None) -> list[Candidate]:
    """What the catalogue has; none where it was not asked for."""
    if modality is None:
        if largest is not None:
            raise InputError("--largest without --catalogue", fix="--catalogue text, image or audio", place="--largest")
        return []
    from burnish.stages.choose.catalogue import gigabytes, listed

    found = listed(modality, free=free, language=language, largest=largest)
    click.echo(
        f"catalogue: {len(found)} checkpoints for {modality}, about {gigabytes(found):.1f} GB; what is not in the cache "
        "of the hub is downloaded (--largest asks for small ones)",
        err=True,
    )
    return [one.candidate() for one in found]
