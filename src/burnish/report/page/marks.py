"""The marks before statements and findings; they differ by shape, not by colour alone."""

from __future__ import annotations

from burnish.report.page.markup import Both, Html, join, tag

_WORDS = {
    "good": Both("good: ", "良好："),
    "level": Both("not shown: ", "未证明："),
    "warn": Both("warning: ", "警告："),
    "note": Both("note: ", "提示："),
}
_RING = '<circle cx="12" cy="12" r="10" fill="none" stroke="var(--base)" stroke-width="2"/>'
_WAVE = 'fill="none" stroke="var(--base)" stroke-width="2"/>'
_DRAWN = {
    "good": '<circle cx="12" cy="12" r="11" fill="var(--good)"/>'
    '<path d="M6.5 12.5l3.6 3.6 7.4-8" fill="none" stroke="var(--bg)" stroke-width="2.4"/>',
    "level": f'{_RING}<path d="M7 10q2.5-2.4 5 0t5 0M7 14.5q2.5-2.4 5 0t5 0" {_WAVE}',
    "warn": '<path d="M12 2L23 21.5H1z" fill="var(--warn-w)" stroke="var(--warn)" stroke-width="1.8"/>'
    '<path d="M12 9v6M12 17v2" stroke="var(--warn)" stroke-width="2.2"/>',
    "note": f'{_RING}<path d="M12 11v6M12 6.5v2" stroke="var(--base)" stroke-width="2.2"/>',
}


def mark(kind: str) -> Html:
    """A picture, and its word for who does not see it."""
    picture = tag("svg", Html(_DRAWN[kind]), class_="mk", viewBox="0 0 24 24", aria_hidden="true")
    return join(tag("span", picture, tag("span", _WORDS[kind], class_="vh")))
