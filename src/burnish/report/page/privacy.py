"""Paths without the folders of the machine they were made on."""

from __future__ import annotations

import re

_UNIX = re.compile(r"(?<![\w.:/~\\-])/(?:[^\s/'\"`,;:()\[\]{}<>|]+/)+([^\s/'\"`,;:()\[\]{}<>|]*)")
_WINDOWS = re.compile(
    r"(?<!\w)(?:[A-Za-z]:|\\\\[^\s\\/]+)[\\/](?:[^\s\\/'\"`,;:()\[\]{}<>|]+[\\/])*([^\s\\/'\"`,;:()\[\]{}<>|]*)"
)
_HOME = re.compile(r"(?<![\w.:/])~/(?:[^\s/'\"`,;:()\[\]{}<>|]+/)*([^\s/'\"`,;:()\[\]{}<>|]*)")


def relative(text: str) -> str:
    """A text in which an absolute path is its last name behind an ellipsis: `…/messages.csv`; addresses stay."""
    for pattern in (_WINDOWS, _HOME, _UNIX):
        text = pattern.sub(lambda found: f"…/{found[1]}", text)
    return text
