"""Pages of which parts are made: they stand between marks `<!-- NAME -->` and `<!-- end -->`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial


def between_marks(page: str, made: Mapping[str, str]) -> str:
    """The page with what stands between the marks of each name made anew."""
    for name, text in made.items():
        marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        page = marks.sub(partial(_between, text), page)
    return page


def _between(text: str, found: re.Match[str]) -> str:
    return f"{found[1]}{text}\n{found[2]}"
