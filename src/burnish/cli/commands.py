"""The command line: one small function a command. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from burnish.cli.answers import dockerfile, evaluate, export, predict, serve, sign
from burnish.cli.auditing import audit
from burnish.cli.beforehand import BEFOREHAND
from burnish.cli.boarding import board
from burnish.cli.chatting import chat
from burnish.cli.choosing import choose
from burnish.cli.comparing import compare
from burnish.cli.listening import listen
from burnish.cli.options import FILE, workers_option
from burnish.cli.output import show
from burnish.cli.studies import compress, cross_validate, learning_curve, seeds
from burnish.cli.sweeping import sweep
from burnish.core.collecting import before_the_end, importing, process_is_ours
from burnish.core.errors import BurnishError, nearest

if TYPE_CHECKING:
    from burnish.workers import Workers

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Commands(click.Group):
    """A group that offers the nearest command for a misspelt one, and keeps the order of definition."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = arguments[0]
        if word not in self.commands and not word.startswith("-"):
            guess = nearest(word, list(self.commands))
            hint = f" Did you mean {guess!r}?" if guess else f" The commands are: {', '.join(self.commands)}."
            raise click.UsageError(f"No such command {word!r}.{hint}", context)
        return super().resolve_command(context, arguments)


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"burnish {version('burnish')}")
        context.exit()


@click.group(cls=_Commands, context_settings=_SETTINGS)
@click.option("--debug", is_flag=True, help="Show the traceback of an error (or set BURNISH_DEBUG=1).")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
def commands(debug: bool) -> None:
    """Fine-tune pretrained models on labelled data, with trustworthy evaluation, export and serving."""
    if debug:
        os.environ["BURNISH_DEBUG"] = "1"


@commands.command(short_help="Train, test and save a model.")
@click.argument("recipe", nargs=-1, metavar="[RECIPE or DATA] [PLACE=VALUE]...")
@click.option("--task", metavar="NAME", help="What is learned, such as text-classification or language-modeling.")
@click.option(
    "--data", multiple=True, metavar="FILE", help="Training data: a file, folder, glob or hub name; repeatable."
)
@click.option("--target", metavar="COLUMN", help="Label column.")
@click.option(
    "--input", "input_columns", multiple=True, metavar="COLUMN", help="Column the model reads; repeat it for pairs."
)
@click.option("--model", metavar="NAME", help="Local folder, hub name, or 'starter'.")
@click.option(
    "--out", type=FILE, metavar="RUN", help="Run folder; must not exist. Default: runs/ and the recipe's name."
)
@click.option(
    "--resume", is_flag=True, help="Continue the run in --out from its last checkpoint; epochs=20 makes it longer."
)
@click.option("--device", metavar="NAME", help="auto, cpu, cuda or mps.")
@workers_option
def train(
    recipe: tuple[str, ...],
    task: str | None,
    data: tuple[str, ...],
    target: str | None,
    input_columns: tuple[str, ...],
    model: str | None,
    out: Path | None,
    resume: bool,
    device: str | None,
    workers: Workers | None,
) -> int:
    """Train as RECIPE says, evaluate once on the held-out test set, and save everything in one run folder.

    \b
    burnish train recipe.yaml
    burnish train recipe.yaml learning_rate=3e-5 loss.kind=focal
    burnish train --data reviews.csv --target label --model MODEL --out runs/reviews
    burnish train texts.jsonl --task language-modeling --model MODEL
    burnish train --resume --out runs/reviews
    burnish train --resume --out runs/reviews epochs=20
    burnish train recipe.yaml --workers ray:4 --out /shared/runs/reviews
    """
    from burnish.stages.train.asked import asked

    options: dict[str, Any] = {"task": task, "data": data, "target": target, "input_columns": input_columns}
    options |= {"model": model, "device": device, "resume": resume}
    request = asked(recipe, out=out, **options)
    for note in request.notes:
        click.echo(f"note: {note}", err=True)
    with importing():
        from burnish.data.reading.arrow import without_pandas
        from burnish.stages.train import run as stage

    without_pandas()
    if workers is not None:
        from burnish.stages.train.together import train_together

        return train_together(workers, {"arguments": list(recipe), "out": str(request.out), **options})
    command = ["burnish", *sys.argv[1:]]
    stage.run(request.recipe, out=request.out, resume=resume, command=command, changes=request.changes)
    return 0


for _command in (
    *(audit, choose, sweep, seeds, learning_curve, cross_validate, *BEFOREHAND),
    *(evaluate, compare, board, export, compress, sign, predict, chat, listen, serve, dockerfile),
):
    commands.add_command(_command)


@commands.command(short_help="Print a complete recipe.")
@click.option("--task", default="text-classification", show_default=True, help="What is to be learned.")
@click.option(
    "--data", default="train.csv", show_default=True, metavar="FILE", help="Training data named in the recipe."
)
@click.option("-o", "--out", type=FILE, metavar="FILE", help="Write to this new file instead of the terminal.")
def new(task: str, data: str, out: Path | None) -> None:
    """Print a recipe with every field, its default, what it means, and what else could stand there."""
    from burnish.recipe.written import new_recipe

    _write(new_recipe(task, data), out)


@commands.command("list", short_help="Show the available choices.")
@click.argument("axis", required=False)
@click.option("--fields", is_flag=True, help="Show the settings of each kind as well.")
def list_kinds(axis: str | None, fields: bool) -> None:
    """Show what there is to choose from: all axes, or the kinds of one AXIS (losses, metrics, schedules ...).

    `burnish list checkpoints` shows the catalogue that `burnish choose --catalogue` takes candidates from.
    """
    if axis in ("checkpoint", "checkpoints"):
        from burnish.cli.output import catalogue_table

        show(catalogue_table())
        return
    from burnish.recipe.listing import axes_table, kinds_table

    show(kinds_table(axis, fields=fields) if axis else axes_table())


@commands.command(short_help="Print the JSON schema of recipes, for editors.")
@click.option("-o", "--out", type=FILE, metavar="FILE", help="Write to this new file instead of the terminal.")
def schema(out: Path | None) -> None:
    """Print the JSON schema of recipes; editors check and complete recipes with it."""
    import json

    from burnish.recipe.schema import recipe_schema

    _write(json.dumps(recipe_schema(), indent=2, ensure_ascii=False) + "\n", out)


@commands.command(short_help="Show what is in a run or bundle.")
@click.argument("path", type=FILE)
def info(path: Path) -> None:
    """Show what is in the run or bundle at PATH: task, model, labels, scores, files."""
    from burnish.bundle import info as stage

    show(stage.describe(path))


def _write(text: str, out: Path | None) -> None:
    if out is None:
        click.echo(text, nl=False)
        return
    from burnish.core.errors import InputError

    try:
        with open(out, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError("the file is there already", fix="choose another name, or delete it", place=str(out)) from None
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", place=str(out)) from None
    click.echo(f"wrote {out}", err=True)


def run(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 failed run, 2 bad usage or input, 3 some rows without
    a prediction (`predict`), 130 interrupted.
    """
    # Threads that spin while they wait burn the core another process needs: beside one busy process on two cores, a step
    # took 3.6 times as long (benchmarks/README.md). Must be set before torch is loaded; the user's own setting wins.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    words = list(sys.argv[1:] if arguments is None else arguments)
    if "--debug" in words[1:]:
        words = ["--debug", *(word for word in words if word != "--debug")]  # people add it at the end
    try:
        code = commands.main(words, prog_name="burnish", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        if isinstance(error, click.NoSuchOption) and "train" in words and (hint := _as_override(error.option_name)):
            click.echo(hint, err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except BurnishError as error:
        if _debugging():
            traceback.print_exc()
        click.secho(str(error), fg="red", err=True)
        return error.exit_code
    except BrokenPipeError:
        # The reader of a pipe (`burnish list | head`) has gone; there is nothing left to say and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        return _unexpected(error)


def _as_override(option: str) -> str:
    """How a field of the recipe is written that was given as an option; empty where there is no such field."""
    from burnish.recipe.recipe import Recipe

    name = option.lstrip("-").replace("-", "_")
    return f"Fields of the recipe are written without dashes: {name}=VALUE" if name in Recipe.model_fields else ""


def _debugging() -> bool:
    return os.environ.get("BURNISH_DEBUG", "0") not in ("", "0")


_EXTRAS = {"pyarrow": "tables", "torch": "train", "transformers": "train", "onnx": "export", "onnxscript": "export"}
"""Libraries that the lean install leaves out, and the extra that brings each."""


def _unexpected(error: Exception) -> int:
    if _debugging():
        traceback.print_exc()
        return 1
    from burnish.core.files import disk_is_full

    if isinstance(error, ModuleNotFoundError) and (extra := _EXTRAS.get((error.name or "").partition(".")[0])):
        message = f"this needs {error.name}\n  what to do: pip install 'burnish[{extra}]'"
        click.secho(message, fg="red", err=True)
        return 2
    if disk_is_full(error):
        message = f"the disk is full: {error}\n  what to do: free some space, then run the command again"
        click.secho(message, fg="red", err=True)
        return 1
    with tempfile.NamedTemporaryFile(
        "w", prefix="burnish-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
    ) as file:
        file.write(f"burnish {' '.join(sys.argv[1:])}\n\n")
        traceback.print_exception(error, file=file)
    message = f"unexpected {type(error).__name__}: {error}"
    click.secho(
        f"{message}\n  what to do: please report it with {file.name} (--debug shows it here)", fg="red", err=True
    )
    return 1


def main() -> None:
    """The `burnish` command."""
    process_is_ours()
    code = run()
    before_the_end()
    sys.exit(code)


if __name__ == "__main__":
    main()
