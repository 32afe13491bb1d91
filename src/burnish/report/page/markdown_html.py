"""Sections of report.md as HTML: only what that report uses, and everything else as the text it is."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from burnish.report.page.markup import Html, code, escaped, join, tag
from burnish.report.page.privacy import relative

_TOKEN = re.compile(r"(?P<fence>`+) ?(?P<code>.+?) ?(?P=fence)(?!`)|\*\*(?P<bold>.+?)\*\*|\\(?P<plain>[\\`*\[\]|~$_])")


def blocks(lines: Sequence[str], *, heading: str = "h3") -> Html:
    """Headings, tables, lists, indented lines and paragraphs; pictures and links to files of the folder are left out."""
    made: list[Html] = []
    kept = [line for line in lines if not re.match(r"!?\[[^]]*\]\([^)]*\)$", line.strip())]
    for kind, group in _grouped(kept):
        made.append(_block(kind, group, heading))
    return join(*made) if made else Html("")


def _kind(line: str) -> str:
    if line.startswith("#"):
        return "heading"
    if line.startswith("    "):
        return "pre"
    return {"|": "table", "-": "list"}.get(line[:1], "list" if line.startswith("  ") else "text")


def _grouped(lines: Iterable[str]) -> list[tuple[str, list[str]]]:
    groups: list[tuple[str, list[str]]] = []
    fresh = True
    for line in lines:
        if not line.strip():
            fresh = not (groups and groups[-1][0] == "pre")
            continue
        kind = _kind(line)
        if kind == "list" and not line.startswith("-") and not (groups and groups[-1][0] == "list"):
            kind = "text"
        if groups and groups[-1][0] == kind and kind != "heading" and not (fresh and kind in ("text", "table")):
            groups[-1][1].append(line)
        else:
            groups.append((kind, [line]))
        fresh = False
    return groups


def _block(kind: str, lines: list[str], heading: str) -> Html:
    if kind == "heading":
        return tag(heading, inline(lines[0].lstrip("# ")))
    if kind == "pre":
        return tag("pre", "\n".join(relative(line[4:]) for line in lines), tabindex="0")
    if kind == "list":
        items: list[list[str]] = []
        for line in lines:
            if line.startswith("- "):
                items.append([line[2:]])
            else:
                items[-1].append(line.strip())
        return tag("ul", *(tag("li", inline(" ".join(item))) for item in items), class_="plain")
    if kind == "table":
        return _table(lines)
    return tag("p", inline(" ".join(lines)), class_="told")


def _table(lines: list[str]) -> Html:
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))] for line in lines]
    right = [rule.endswith(":") for rule in cells[1]] if len(cells) > 1 else []
    numbers = ["num" if i < len(right) and right[i] else None for i in range(len(cells[0]))]
    head = tag(
        "thead",
        tag("tr", *(tag("th", inline(c), scope="col", class_=n) for c, n in zip(cells[0], numbers, strict=False))),
    )
    body = []
    for row in cells[2:]:
        first = tag("th", inline(row[0]), scope="row")
        body.append(
            tag("tr", first, *(tag("td", inline(c), class_=n) for c, n in zip(row[1:], numbers[1:], strict=False)))
        )
    return tag("div", tag("table", head, tag("tbody", *body)), class_="scroll", tabindex="0")


def inline(text: str) -> Html:
    """Code, bold and escapes of one line; entities are read, and all else is text."""
    parts: list[Html] = []
    place = 0
    for found in _TOKEN.finditer(text):
        parts.append(_text(text[place : found.start()]))
        place = found.end()
        if found["code"] is not None:
            parts.append(code(relative(found["code"].replace("\\|", "|"))))
        elif found["bold"] is not None:
            parts.append(tag("b", inline(found["bold"])))
        else:
            parts.append(escaped(found["plain"]))
    return join(*parts, _text(text[place:]))


def _text(text: str) -> Html:
    return escaped(relative(html.unescape(text)))
