"""The terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

from pydantic import Field

from burnish.trackers import Listener, Tracker


class Console(Tracker):
    """What happens, in the terminal: a live display, or plain lines where output goes to a file or a build server."""

    style: Literal["auto", "live", "plain"] = Field(
        "auto", description="live (a progress bar), plain (lines), or auto: live in a terminal, plain elsewhere."
    )
    seconds: float = Field(10.0, gt=0, description="Plain style: seconds between two lines while training.")

    def open(self, run: Path, *, resume: bool) -> Listener:
        """Start writing to stdout."""
        if self.style == "live" or (self.style == "auto" and _is_terminal()):
            from burnish.trackers._console_live import LiveConsole

            return LiveConsole(run)
        from burnish.trackers._console_plain import PlainConsole

        return PlainConsole(run, self.seconds)


def _is_terminal() -> bool:
    return sys.stdout.isatty() and not os.environ.get("CI") and os.environ.get("TERM", "dumb") != "dumb"
