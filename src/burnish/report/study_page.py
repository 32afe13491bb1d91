"""The page of a study, in Markdown and as one file of HTML that holds its pictures."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

from burnish.core.files import write_text
from burnish.report.page.markdown_html import blocks

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}"><title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em; color: #222;
  overflow-wrap: anywhere }}
table {{ border-collapse: collapse; display: block; max-width: 100%; overflow-x: auto; font-size: .9em }}
th, td {{ padding: .3em .8em; border-bottom: 1px solid #ddd; text-align: left; white-space: nowrap }}
img {{ max-width: 100%; height: auto; display: block; margin: 1em 0 }}
h2, h3 {{ font-size: 1.15em; margin: 1.6em 0 .4em }} pre {{ overflow-x: auto; background: #f5f5f5; padding: .8em }}
code {{ overflow-wrap: anywhere; white-space: normal }}
</style></head>
<body><h1>{title}</h1>
{body}
</body></html>
"""

Section = tuple[str, Sequence[str], str]
"""A heading (empty: none), lines of Markdown, and the name of a picture beside the page (empty: none)."""


def paragraphs(sentences: Sequence[str]) -> list[str]:
    """Lines in which each sentence is a paragraph."""
    return [line for sentence in sentences for line in (sentence, "")][:-1]


def study_page(folder: Path, name: str, title: str, sections: Sequence[Section]) -> None:
    """Write `NAME.md` and `NAME.html` into the folder where the pictures are.

    Args:
        folder: of the study.
        name: of the files.
        title: of the page.
        sections: its parts, in order.
    """
    lines, body = [f"# {title}", ""], []
    for heading, text, picture in sections:
        lines += [*([f"## {heading}", ""] if heading else []), *text, ""]
        body += [f"<h2>{escape(heading)}</h2>"] if heading else []
        body.append(str(blocks(text)))
        if picture:
            lines += [f"![{heading or title}]({picture})", ""]
            data = base64.b64encode((folder / picture).read_bytes()).decode("ascii")
            body.append(f'<img alt="{escape(heading or title)}" src="data:image/png;base64,{data}">')
    write_text(folder / f"{name}.md", "\n".join(lines).rstrip() + "\n")
    write_text(folder / f"{name}.html", _PAGE.format(policy=_POLICY, title=escape(title), body="\n".join(body)))
