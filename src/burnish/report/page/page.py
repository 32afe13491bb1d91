"""The page as a whole: sections, navigation, style and script in one file."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata
from importlib.resources import files
from pathlib import Path

from burnish.core.files import write_text
from burnish.report.page.contents import Contents
from burnish.report.page.exports import with_places
from burnish.report.page.markup import Both, Child, Html, both, code, join, plain, tag
from burnish.report.page.privacy import relative
from burnish.report.page.section import Section
from burnish.report.page.sections.answers import answers
from burnish.report.page.sections.classes import classes
from burnish.report.page.sections.confidence import confidence
from burnish.report.page.sections.confusions import confusions
from burnish.report.page.sections.data import data, quoted
from burnish.report.page.sections.further import further
from burnish.report.page.sections.layers import layers
from burnish.report.page.sections.mistakes import Mistakes
from burnish.report.page.sections.ranking import ranking
from burnish.report.page.sections.robustness import robustness
from burnish.report.page.sections.scores import scores
from burnish.report.page.sections.settings import settings
from burnish.report.page.sections.slices import slices
from burnish.report.page.sections.summary import summary
from burnish.report.page.sections.training import training
from burnish.report.page.verdict import verdict

FILE = "report.html"


def write_page(folder: Path, contents: Contents) -> Path:
    """Write `report.html` into a folder, with the recipe that lies there; its path."""
    path, recipe = folder / FILE, folder / str(contents.facts.get("recipe") or "")
    if not contents.recipe and recipe.is_file():
        contents = replace(contents, recipe=recipe.read_text(encoding="utf-8"))
    write_text(path, page(contents))
    return path


def page(contents: Contents) -> str:
    """The whole page: one file, which asks nobody for anything."""
    mistakes = Mistakes(contents)
    made = [
        scores(contents),
        answers(contents),
        classes(contents),
        confusions(contents),
        slices(contents),
        robustness(contents),
        mistakes.section(),
        further(contents),
        confidence(contents),
        ranking(contents),
        training(contents),
        layers(contents),
        data(contents),
        settings(contents),
    ]
    sections = [one for one in made if one is not None]
    first = summary(contents, frozenset(one.key for one in sections))
    title = plain(verdict(contents))
    assert isinstance(title, Both)
    name = relative(str(contents.facts.get("name", "report")))
    kind = both("report of one run", "单次运行报告")
    return with_places(whole(name, title.en, kind, first, sections, _footer(contents, mistakes)))


def whole(name: str, title: Child, kind: Both, first: Html, sections: Sequence[Section], footer: Child) -> str:
    """A page of its sections, with navigation, style and script in it.

    Args:
        name: of the run it is about.
        title: what it says, for the browser.
        kind: what page it is, under its name.
        first: the section that is read first, `id="summary"`.
        sections: the others.
        footer: what stands below.
    """
    early, late = asset("early.js"), asset("page.js")
    main = tag("main", first, *(one.html() for one in sections), tag("footer", footer), id="main")
    body = join(
        tag("a", both("Skip to the report", "跳到报告"), href="#main", class_="skip"),
        tag("div", _side(name, kind, sections), main, class_="page"),
        tag("div", class_="toast", id="toast", role="status"),
        tag("script", Html(late)),
    )
    head = _head(join(f"{name}: ", title, " · burnish"), early, late)
    return f"<!doctype html>\n{tag('html', head, tag('body', body), lang='en', data_lang='en')}\n"


def _head(title: Child, early: str, late: str) -> Html:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy(early, late)),
        tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
        tag("meta", name="generator", content=f"burnish {metadata.version('burnish')}"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        tag("style", Html(asset("page.css"))),
        tag("script", Html(early)),
    )


def policy(*scripts: str) -> str:
    """Only these scripts run, and nothing is loaded from anywhere."""
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii") for script in scripts]
    allowed = " ".join(f"'sha256-{one}'" for one in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; media-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def asset(name: str, room: str = "burnish.report.page") -> str:
    """A file of a room, without what only its writer needs: indentation, and of a style its comments and spaces."""
    text = (files(room) / name).read_text(encoding="utf-8")
    if name.endswith(".css"):
        text = re.sub(r"\s*([{};:,>])\s*", r"\1", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)).replace(";}", "}")
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not (line.startswith("/*") and line.endswith("*/")))


def _side(name: str, kind: Both, sections: Sequence[Section]) -> Html:
    brand = tag("div", "burnish · ", tag("bdi", name), tag("small", kind), class_="brand")
    links = [tag("li", tag("a", both("Summary", "摘要"), href="#summary"))]
    links += [tag("li", tag("a", one.short or one.title, href=f"#{one.key}")) for one in sections]
    nav = tag("nav", tag("ol", *links), aria_label=both("Sections", "章节"))
    return tag("header", brand, nav, tools(), class_="side")


def tools() -> Html:
    """Buttons for language and colours."""
    languages = [
        tag("button", "EN", type="button", data_l="en", aria_pressed="true", lang="en-GB"),
        tag("button", "中文", type="button", data_l="zh", aria_pressed="false", lang="zh-CN"),
    ]
    looks = (
        ("", "◐", both("as the system", "跟随系统")),
        ("light", "☀︎", both("light", "浅色")),
        ("dark", "☾", both("dark", "深色")),
    )
    colours = [
        tag("button", sign, type="button", data_t=look, aria_pressed="true" if not look else "false", aria_label=words)
        for look, sign, words in looks
    ]
    groups = [
        tag("div", *languages, class_="seg", role="group", aria_label=both("Language", "语言"), id="lg"),
        tag("div", *colours, class_="seg", role="group", aria_label=both("Colours", "颜色"), id="tg"),
    ]
    return tag("div", *groups, class_="tools js", hidden=True)


def _footer(contents: Contents, mistakes: Mistakes) -> Html:
    name = code(relative(str(contents.facts.get("name", "report"))))
    quotes = quoted(contents)
    fields: dict[str, Child] = {
        "version": metadata.version("burnish"),
        "name": name,
        "rows": f"{mistakes.shown:,}",
        "quotes": quotes,
    }
    held = both("It holds no examples of the evaluated data", "其中不含被评测的数据样本")
    if contents.rows and mistakes.shown:
        held = both("It holds {rows} examples of the evaluated data", "其中包含 {rows} 个被评测的数据样本", **fields)
    tail = both("{held}, and quotes {quotes} in the audit.", "{held}，数据检查引用 {quotes} 个。", held=held, **fields)
    if not quotes:
        tail = both("{held}.", "{held}。", held=held)
    written = both(
        "Written by burnish {version} from the run {name}.", "由 burnish {version} 根据运行 {name} 生成。", **fields
    )
    return join(written, " ", tail)
