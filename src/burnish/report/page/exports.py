"""The section about exported models: put into a page that was written when the run ended."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from burnish.core.files import write_text
from burnish.report.page.markdown_html import blocks
from burnish.report.page.markup import Both, Html, both, tag
from burnish.report.page.section import Section

KEY = "exports"
SECTION, LINK = ("<!-- exports -->", "<!-- end of exports -->"), ("<!-- to exports -->", "<!-- end of link -->")
"""Between these the section and the link to it are; nothing is, as long as nothing was exported."""
TITLE = Both("Exports", "导出的模型")


def with_places(page: str) -> str:
    """A page with a place for the section, before its footer, and one for the link, behind the others."""
    page = page.replace("<footer>", f"{''.join(SECTION)}<footer>", 1)
    return page.replace("</ol></nav>", f"{''.join(LINK)}</ol></nav>", 1)


def put(path: Path, lines: Sequence[str]) -> bool:
    """Put what report.md says of exports into a page, in place of what was said of earlier ones.

    Args:
        path: of report.html.
        lines: the section of report.md, its heading first.

    Returns:
        Whether the page has a place for it: one that an earlier version wrote has none, and stays as it is.
    """
    text = path.read_text(encoding="utf-8")
    if not all(mark in text for mark in (*SECTION, *LINK)):
        return False
    lead = both(
        "What was exported, measured on this machine. From report.md.",
        "已导出的模型，在本机上测量。以下内容来自 report.md（英文）。",
    )
    section = Section(KEY, TITLE, lead, tag("div", blocks(lines[1:]), class_="more")).html()
    text = _between(text, SECTION, section)
    write_text(path, _between(text, LINK, tag("li", tag("a", TITLE, href=f"#{KEY}"))))
    return True


def _between(text: str, marks: tuple[str, str], inside: Html) -> str:
    pattern = re.compile(f"({re.escape(marks[0])}).*?({re.escape(marks[1])})", re.DOTALL)
    return pattern.sub(lambda found: f"{found[1]}{inside}{found[2]}", text, count=1)
