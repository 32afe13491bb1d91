"""report.html in a real browser: Chromium without a window, opened from disk, at a desk's and a phone's width, light and dark."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from burnish.evaluation.confusion import confusion
from burnish.report.page.contents import Contents
from burnish.report.page.page import FILE, write_page
from tests import page_cases
from tests.integration.test_page import CHROMIUM, FLAGS, MORE_FLAGS
from tests.page_cases import TABLES, contents
from tests.prediction_cases import label_table
from tests.slow_cases import slow_but
from tests.transcript_cases import transcript_table

SIZES = {"desk": (1280, 900), "phone": (390, 844)}
AXE = os.environ.get("BURNISH_AXE")
"""Path of axe.min.js, for whoever has it: `npm install axe-core`. It is not shipped."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: the report was not tried in a browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as library:
        found = library.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *MORE_FLAGS])
        yield found
        found.close()


class Pages:
    """A report of each kind, made when it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __getitem__(self, kind: str) -> Path:
        place = self.folder / kind.replace(" ", "_")
        if not place.is_dir():
            place.mkdir()
            write_page(place, MADE[kind]())
        return place / FILE


def _replies() -> Contents:
    after, before = page_cases.replies()
    return contents(after, base=before)


def _transcripts() -> Contents:
    heard = transcript_table(["the ferry leaves", "no ferry"], ["the fairy leaves now", "no ferry today"])
    return contents(heard, heard=page_cases.sound)


MADE: dict[str, Callable[[], Contents]] = {
    **{kind: (lambda table=table: contents(table())) for kind, table in TABLES.items()},
    "pictures": lambda: contents(label_table(60, 3), pictured=page_cases.picture),
    "sounds": lambda: contents(label_table(40, 3), heard=page_cases.sound),
    "replies": _replies,
    "transcripts": _transcripts,
}
QUICK = ("classes",)
KINDS = slow_but(MADE, *QUICK)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    return Pages(tmp_path_factory.mktemp("reports"))


def opened(browser: Any, path: Path, size: str = "desk", scheme: str = "light", **more: Any) -> tuple[Any, list[str]]:
    """The page, and what the browser complains of or asks for."""
    width, height = SIZES[size]
    view = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme, **more)
    complaints: list[str] = []
    view.on("pageerror", lambda error: complaints.append(str(error)))
    view.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    own = ("file:", "data:", "blob:")
    view.on("request", lambda asked: None if asked.url.startswith(own) else complaints.append(asked.url))
    view.goto(path.as_uri())
    return view, complaints


@pytest.mark.parametrize("kind", KINDS)
def test_every_section_at_a_desk_and_on_a_phone(browser: Any, pages: Pages, kind: str) -> None:
    """No complaint, nothing that hangs over the side, every section reached by its link, in both lights."""
    for size, scheme in (("desk", "light"), ("phone", "dark")):
        view, complaints = opened(browser, pages[kind], size, scheme)
        assert view.evaluate("document.documentElement.scrollWidth <= innerWidth"), (kind, size, wide(view))
        keys = view.evaluate("[...document.querySelectorAll('main > section')].map(s => s.id)")
        links = view.evaluate("[...document.querySelectorAll('.side nav a')].map(a => a.hash.slice(1))")
        assert keys == links
        for key in keys:
            view.evaluate(f"document.querySelector('.side nav a[href=\"#{key}\"]').click()")
            box = view.locator(f"#{key}").bounding_box()
            assert box is not None
            assert box["width"] <= SIZES[size][0]
        assert view.evaluate("window.broken") is None
        assert faint(view, scheme) == []
        assert nameless(view) == []
        kept(view, f"report-{kind}-{size}-{scheme}")
        assert complaints == []
        view.close()


def wide(view: Any) -> Any:
    """What hangs over the side."""
    return view.evaluate(
        "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
        ".filter(e => !e.closest('.scroll, pre, .vh')).slice(0, 5).map(e => e.outerHTML.slice(0, 120))"
    )


CONTRAST = """() => {
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => [r, g, b].map((v) => linear(v / 255))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => { let at = e, over = []; while (at) { const c = parse(getComputedStyle(at).backgroundColor);
    if (c.length === 3 || c[3] === 1) { over.push(c.slice(0, 3)); break; } if (c[3] > 0) over.push(c); at = at.parentElement; }
    let colour = over.length && over[over.length - 1].length === 3 ? over.pop() : [255, 255, 255];
    while (over.length) { const at = over.pop(); colour = at.slice(0, 3).map((v, i) => v * at[3] + colour[i] * (1 - at[3])); }
    return colour; };
  const found = [];
  for (const e of document.querySelectorAll("main *, .side *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || !e.getClientRects().length) continue;
    if (e.closest(".vh, option, [aria-hidden=true]") || e.namespaceURI.includes("svg") || e.closest(".dim")) continue;
    const style = getComputedStyle(e), a = light(parse(style.color).slice(0, 3)), b = light(behind(e));
    if (parseFloat(getComputedStyle(e).opacity) < 1) continue;
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${e.outerHTML.slice(0, 100)}`);
    if (parseFloat(style.fontSize) < 11) found.push(`${style.fontSize} ${e.outerHTML.slice(0, 100)}`);
  }
  return found.slice(0, 10);
}"""


def faint(view: Any, scheme: str) -> list[str]:
    """Words whose contrast is below 4.5 to 1, or that are smaller than 11 px."""
    found: list[str] = view.evaluate(CONTRAST)
    return found


NAMES = """() => [...document.querySelectorAll("button, a[href], input, select, audio, [role], nav, [tabindex='0']")]
  .filter((e) => e.getClientRects().length && !e.textContent.trim() && !e.getAttribute("aria-label"))
  .filter((e) => !e.labels?.[0]?.textContent.trim() && e.id !== "toast")
  .map((e) => e.outerHTML.slice(0, 120))"""


def nameless(view: Any) -> list[str]:
    """What can be used and has no name; and what a screen reader finds its way by."""
    found: list[str] = view.evaluate(NAMES)
    outline = view.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(h => +h.tagName[1])")
    assert outline[0] == 1
    assert outline.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(outline))
    for landmark in ("header", "nav", "main", "footer"):
        assert view.locator(landmark).count() == 1
    return found


def kept(view: Any, name: str) -> None:
    """A picture of the page where somebody asked for them."""
    if folder := os.environ.get("BURNISH_PAGE_PICTURES"):
        view.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_the_matrix_with_the_keyboard(browser: Any, pages: Pages) -> None:
    view, complaints = opened(browser, pages["classes"])
    cells = view.locator("#cm td.c")
    assert view.locator('#cm td.c[tabindex="0"]').count() == 1
    cells.first.focus()
    view.keyboard.press("ArrowDown")
    view.keyboard.press("ArrowRight")
    assert view.evaluate("[document.activeElement.dataset.i, document.activeElement.dataset.j]") == ["1", "1"]
    view.keyboard.press("End")
    last = view.locator("#cm thead th[scope=col]:not(.tt)").count() - 1
    assert view.evaluate("+document.activeElement.dataset.j") == last
    view.keyboard.press("Home")
    assert view.evaluate("+document.activeElement.dataset.j") == 0
    assert "examples of" in view.locator("#cmout").inner_text()
    wrong = view.locator("#cm td.c:not(.ok):not(.z)").first
    label = str(wrong.get_attribute("aria-label"))
    wrong.focus()
    view.keyboard.press("Enter")
    truth, answer, count = re.fullmatch(r"label (.+), predicted (.+): (\d+) of \d+", label).groups()  # type: ignore[union-attr]
    shown = view.locator("#ml > li:not([hidden])")
    assert shown.count() == int(count)
    assert {shown.nth(i).get_attribute("data-t") for i in range(shown.count())} == {truth}
    assert {shown.nth(i).get_attribute("data-a") for i in range(shown.count())} == {answer}
    view.get_by_role("button", name="Share of the label, %").click()
    assert view.locator("#cm").get_attribute("data-show") == "share"
    assert complaints == []
    view.close()


def test_mistakes_are_searched_filtered_and_sorted(browser: Any, pages: Pages) -> None:
    view, complaints = opened(browser, pages["classes"])
    total = view.locator("#ml > li").count()
    assert view.locator("#ml > li:visible").count() == 10
    view.locator("#mo").click()
    assert view.locator("#ml > li:visible").count() == total
    view.locator("#so").select_option("r")
    rows = [int(str(view.locator("#ml > li").nth(i).get_attribute("data-r"))) for i in range(total)]
    assert rows == sorted(rows)
    row = view.locator("#ml > li").first
    view.locator("#q").fill(row.locator(".tx").inner_text()[:12])
    assert view.locator("#ml > li:visible").count() < total
    assert f"of {total} fit" in view.locator("#mc").inner_text()
    view.locator("#q").fill("nobody wrote this")
    assert "None fits" in view.locator("#mc").inner_text()
    assert complaints == []
    view.close()


@pytest.mark.slow
def test_language_and_colours(browser: Any, pages: Pages) -> None:
    view, complaints = opened(browser, pages["classes"])
    assert "of 100 test examples" in view.locator("h1").inner_text()
    view.get_by_role("button", name="中文").click()
    assert "测试样本" in view.locator("h1").inner_text()
    assert view.evaluate("document.documentElement.lang") == "zh"
    assert view.locator("nav").get_attribute("aria-label") == "章节"
    english = view.evaluate(
        "[...document.querySelectorAll('main [lang=en]')].filter(e => e.getClientRects().length).length"
    )
    assert english == 0
    assert "符合" in view.locator("#mc").inner_text()
    view.get_by_role("button", name="深色").click()
    assert view.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 22, 28)"
    assert view.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []
    view.close()
    chinese, _ = opened(browser, pages["classes"], locale="zh-CN")
    assert "测试样本" in chinese.locator("h1").inner_text()
    chinese.close()


@pytest.mark.slow
def test_charts_are_read_and_saved(browser: Any, pages: Pages) -> None:
    view, complaints = opened(browser, pages["classes"])
    loss = view.locator('figure[data-name="loss"]')
    loss.locator("svg").focus()
    view.keyboard.press("Home")
    assert loss.locator(".out").inner_text().startswith("Step 1: ")
    view.locator("#th").focus()
    before = view.locator("#to").inner_text()
    view.keyboard.press("End")
    assert view.locator("#to").inner_text() != before
    view.locator("[name=rc]:checked").focus()
    view.keyboard.press("ArrowRight")
    assert view.locator('figure[data-name="roc"] .cv.on').get_attribute("data-c") == "1"
    for kind, begins in (("csv", b"series,x,y\n"), ("svg", b"<svg"), ("png", b"\x89PNG")):
        with view.expect_download() as saved:
            view.locator(f'figure[data-name="roc"] [data-save="{kind}"]').click()
        assert saved.value.suggested_filename == f"roc.{kind}"
        assert Path(saved.value.path()).read_bytes().startswith(begins)
    with view.expect_download() as saved:
        view.locator('figure[data-name="reliability"] [data-save="csv"]').click()
    assert Path(saved.value.path()).read_text(encoding="utf-8").startswith("Bin,Examples,Mean confidence")
    for name in ("gain", "lift", "scores"):
        assert view.locator(f'figure[data-name="{name}"] .on').count() >= 1
        with view.expect_download() as saved:
            view.locator(f'figure[data-name="{name}"] [data-save="csv"]').click()
        assert Path(saved.value.path()).read_bytes().startswith(b"series,x,y\n")
    with view.expect_download() as saved:
        view.locator('figure[data-name="confusion"] [data-save="csv"]').click()
    known = confusion(TABLES["classes"]())
    expected = [
        [truth, answer, str(known.counts[t, a]), known.counts[t, a] / known.counts[t].sum()]
        for t, truth in enumerate(known.names)
        for a, answer in enumerate(known.names)
    ]
    with open(saved.value.path(), encoding="utf-8", newline="") as file:
        head, *lines = csv.reader(file)
    assert head == ["label", "predicted", "examples", "share of the label"]
    assert [[*line[:3], pytest.approx(float(line[3]))] for line in lines] == expected
    assert complaints == []
    view.close()


def test_without_scripts_everything_is_there(browser: Any, pages: Pages) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    view = context.new_page()
    view.goto(pages["classes"].as_uri())
    assert view.locator("#ml > li:visible").count() == view.locator("#ml > li").count()
    assert view.locator("button:visible:not(th button)").count() == 0
    assert view.locator("h1").is_visible()
    context.close()


@pytest.mark.slow
def test_paper_is_light_and_open(browser: Any, pages: Pages) -> None:
    view, _ = opened(browser, pages["classes"], scheme="dark")
    view.emulate_media(media="print")
    view.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert view.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not view.locator(".side").is_visible()
    view.set_viewport_size({"width": 688, "height": 900})  # A4 within its margins
    assert view.evaluate("document.documentElement.scrollWidth <= innerWidth"), wide(view)
    assert view.locator("#settings pre.tall").is_visible()
    assert view.locator("#ml > li:visible").count() == view.locator("#ml > li").count()
    view.close()


@pytest.mark.slow
@pytest.mark.skipif(AXE is None, reason="BURNISH_AXE names no axe.min.js")
@pytest.mark.parametrize("kind", ["classes", "score", "sounds", "replies", "transcripts", "hostile"])
def test_axe_finds_nothing_serious(browser: Any, pages: Pages, kind: str) -> None:
    for size, scheme in (("desk", "light"), ("phone", "dark")):
        width, height = SIZES[size]
        shape: Any = {"width": width, "height": height}
        context = browser.new_context(viewport=shape, color_scheme=scheme, bypass_csp=True)
        view = context.new_page()
        view.goto(pages[kind].as_uri())
        view.evaluate(Path(str(AXE)).read_text(encoding="utf-8"))
        told = "v => [v.id, v.impact, v.nodes.slice(0, 3).map(n => n.html)]"
        found = view.evaluate(f"axe.run().then(r => r.violations.map({told}))")
        assert not [one for one in found if one[1] in ("serious", "critical")], json.dumps(found, indent=1)
        context.close()
