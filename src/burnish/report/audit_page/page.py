"""The page as a whole."""

from __future__ import annotations

from importlib import metadata

from burnish.report.audit_page.contents import AuditContents
from burnish.report.audit_page.review import Review
from burnish.report.audit_page.sections import claim, figures, findings, how, summary
from burnish.report.page.markup import Html, both, code, join, plain, tag
from burnish.report.page.numerals import count
from burnish.report.page.page import asset, policy, tools
from burnish.report.page.privacy import relative
from burnish.report.page.section import Section

_ROOM = "burnish.report.audit_page"


def audit_page(contents: AuditContents) -> str:
    """The whole page: one file, which asks nobody for anything."""
    review = Review(contents)
    made = [findings(contents), review.section(), figures(contents), how(contents)]
    sections = [one for one in made if one is not None]
    main = tag("main", summary(contents), *(one.html() for one in sections), _footer(contents, review), id="main")
    scripts = [asset("early.js"), asset("page.js"), asset("audit.js", _ROOM)]
    body = join(
        tag("a", both("Skip to the audit", "跳到检查结果"), href="#main", class_="skip"),
        tag("div", _side(contents, sections), main, class_="page"),
        tag("div", class_="toast", id="toast", role="status"),
        *(tag("script", Html(script)) for script in scripts[1:]),
    )
    return f"<!doctype html>\n{tag('html', _head(contents, scripts), tag('body', body), lang='en', data_lang='en')}\n"


def _head(contents: AuditContents, scripts: list[str]) -> Html:
    title = plain(claim(contents))
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy(*scripts)),
        tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
        tag("meta", name="generator", content=f"burnish {metadata.version('burnish')}"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"{relative(contents.name)}: ", getattr(title, "en", ""), " · burnish audit"),
        tag("style", Html(asset("page.css") + asset("audit.css", _ROOM))),
        tag("script", Html(scripts[0])),
    )


def _side(contents: AuditContents, sections: list[Section]) -> Html:
    name = tag("bdi", relative(contents.name))
    brand = tag("div", "burnish · ", name, tag("small", both("audit of the data", "数据检查")), class_="brand")
    links = [tag("li", tag("a", both("Summary", "摘要"), href="#summary"))]
    links += [tag("li", tag("a", one.short or one.title, href=f"#{one.key}")) for one in sections]
    nav = tag("nav", tag("ol", *links), aria_label=both("Sections", "章节"))
    return tag("header", brand, nav, tools(), class_="side")


def _footer(contents: AuditContents, review: Review) -> Html:
    fields = {"version": metadata.version("burnish"), "name": code(relative(contents.name)), "n": count(review.shown)}
    words = both(
        "Written by burnish {version}. It holds {n} rows of the data.",
        "由 burnish {version} 生成。其中包含 {n} 行数据。",
        **fields,
    )
    return tag("footer", words)
