"""The command that talks: chat."""

from __future__ import annotations

from typing import Any

import click

from burnish.cli.options import runtime_option
from burnish.core.collecting import importing


@click.command(short_help="Talk with a model in the terminal.")
@click.argument("source", metavar="RUN_OR_BUNDLE")
@click.option("--compare", is_flag=True, help="The checkpoint that it was trained from replies beside it.")
@click.option("--base", metavar="NAME", help="That checkpoint, where it is no longer in the recipe's place.")
@click.option("--system", metavar="TEXT", help="System message. Default: that of the training data; '' for none.")
@click.option("--temperature", type=float, help="Draw at random: low values stay near the most probable, 0 takes it.")
@click.option("--top-p", type=float, help="Draw only from the fewest tokens that together are so probable.")
@click.option("--top-k", type=int, help="Draw only from so many of the most probable tokens.")
@click.option("--max-new-tokens", type=int, help="Tokens after which a reply is cut off.")
@click.option("--seed", type=int, help="Of the draws of every reply; without it each reply is drawn anew.")
@click.option("--template", metavar="NAME", help="Chat template of a checkpoint without one: a file, chatml, plain.")
@runtime_option
@click.option("--trust-code", is_flag=True, help="Import components from outside burnish that the bundle names.")
def chat(
    source: str,
    compare: bool,
    base: str | None,
    system: str | None,
    template: str | None,
    runtime: str | dict[str, Any] | None,
    trust_code: bool,
    **decoding: Any,
) -> None:
    """Talk with the model in RUN_OR_BUNDLE, or with a checkpoint: its folder or hub name.

    In the terminal: /reset forgets what was said, /system TEXT sets another system message, /quit ends; Ctrl-C stops a reply.
    From a pipe each line is a message of one conversation; a line that is JSON with `messages` is a conversation of its own.

    \b
    burnish chat runs/desk
    burnish chat runs/desk --compare --temperature 0.7
    echo "When do you open?" | burnish chat runs/desk
    """
    with importing():
        from burnish.answering.requested import Decoding
        from burnish.stages.chat import run as stage

    asked = stage.Request(source, compare, base, system, Decoding.of(decoding), template, runtime, trust_code)
    stage.chat(asked)
