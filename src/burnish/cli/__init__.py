"""The command line."""

from __future__ import annotations


def main() -> None:
    """The `burnish` command."""
    from burnish.cli.commands import main as command

    command()
