"""The command that shows many runs on one local page."""

from __future__ import annotations

from pathlib import Path

import click

from burnish.cli.options import FILE


@click.command(short_help="Show many runs on one local page: table, curves, comparison.")
@click.argument("runs", type=FILE, metavar="RUNS")
@click.option("--port", type=click.IntRange(0, 65535), default=8600, show_default=True, help="0 takes a free one.")
def board(runs: Path, port: int) -> None:
    """Show all runs below the folder RUNS on a page at 127.0.0.1, and what runs write while they train.

    The page reads run folders and writes nothing. It answers on this machine alone.

    \b
    burnish board runs/
    burnish board runs/ --port 0
    """
    from burnish.core.errors import InputError

    if not runs.is_dir():
        raise InputError("no such folder", expected="a folder with runs in it", place=str(runs))
    from burnish.board.server import serve

    try:
        server = serve(runs, port)
    except OSError as error:
        raise InputError(
            f"port {port} cannot be used: {error.strerror or error}", fix="choose another, or --port 0"
        ) from error
    count = len(server.RequestHandlerClass.index.names())  # type: ignore[attr-defined]
    click.echo(
        f"{count} run{'' if count == 1 else 's'}: http://127.0.0.1:{server.server_address[1]}/  (Ctrl+C ends it)"
    )
    with server:
        server.serve_forever(poll_interval=0.2)
