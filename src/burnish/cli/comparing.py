"""The command that compares finished runs."""

from __future__ import annotations

from pathlib import Path

import click

from burnish.cli.options import FILE
from burnish.core.collecting import importing


@click.command(short_help="Compare runs on the same test rows: which is better, and which rows changed.")
@click.argument("runs", nargs=-1, required=True, type=FILE, metavar="RUN RUN...")
@click.option(
    "--metric", metavar="NAME", help="What decides. Default: the metric that chose the first run's checkpoint."
)
@click.option(
    "--out", type=FILE, metavar="FOLDER", help="New folder for comparison.html, comparison.json and flips.csv."
)
@click.option("--resamples", type=click.IntRange(100), default=1000, show_default=True, help="Draws of each test.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the draws.")
@click.option("--fail-if-worse", is_flag=True, help="End with exit code 1 where a run is shown worse than the first.")
@click.option("--trust-code", is_flag=True, help="Import metrics from outside burnish that the recipe names.")
def compare(
    runs: tuple[Path, ...],
    metric: str | None,
    out: Path | None,
    resamples: int,
    seed: int,
    fail_if_worse: bool,
    trust_code: bool,
) -> int:
    """Compare each RUN with the first one. All must have been tested on the same rows; others are refused.

    A RUN is a run folder, or a folder that `burnish evaluate` wrote.

    \b
    burnish compare runs/reviews runs/reviews-lora
    burnish compare runs/reviews runs/reviews-lora runs/head-only --out comparisons/adapters
    burnish compare runs/released runs/candidate --fail-if-worse

    Exit codes: 0 compared, 1 a run is worse (with --fail-if-worse), 2 bad usage or input.
    """
    with importing():
        from burnish.stages import compare as stage

    result = stage.compare(list(runs), metric=metric, out=out, resamples=resamples, seed=seed, trust_code=trust_code)
    for sentence in result["verdicts"]:
        click.echo(sentence)
    if out is not None:
        click.echo(f"Page: {out / 'comparison.html'}", err=True)
    return 1 if fail_if_worse and result["worse"] else 0
