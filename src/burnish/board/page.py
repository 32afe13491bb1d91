"""The one page of the board: markup, style and script; its data comes as JSON."""

from __future__ import annotations

import json
from functools import cache
from importlib import metadata

from burnish.board.index import Index
from burnish.report.page.markup import Both, Html, both, join, tag
from burnish.report.page.page import asset, policy, tools

ROOM = "burnish.board"


def page(index: Index) -> bytes:
    """The page, with the lines of all runs in it, so that the table is there at once."""
    version = index.refresh()
    lines = index.lines()
    told = json.dumps({"version": version, "root": index.root.name, "runs": lines}, ensure_ascii=False, allow_nan=False)
    data = tag("script", Html(told.replace("<", "\\u003c")), type="application/json", id="data")
    before, after = _frame()
    return f"{before}{data}{after}".encode("utf-8", "replace")


@cache
def _frame() -> tuple[str, str]:
    """What stands before and behind the data."""
    late = asset("board.js", ROOM)
    style = asset("page.css", "burnish.report.page") + asset("board.css", ROOM)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
        tag("meta", name="generator", content=f"burnish {metadata.version('burnish')}"),
        tag("link", rel="icon", href="data:,"),
        tag("title", "burnish board"),
        tag("style", Html(style)),
        tag("script", Html(asset("early.js", "burnish.report.page"))),
    )
    start = f'<!doctype html>\n<html lang="en" data-lang="en">{head}<body>'
    return f"{start}{_body()}", f"{tag('script', Html(late))}</body></html>\n"


@cache
def page_policy() -> str:
    """Only the two scripts run; data comes from this address alone."""
    scripts = policy(asset("early.js", "burnish.report.page"), asset("board.js", ROOM))
    return f"{scripts}; connect-src 'self'"


def _body() -> Html:
    skip = tag("a", both("Skip to the runs", "跳到运行列表"), href="#list", class_="skip")
    live = tag("span", tag("i"), tag("span", id="live"), class_="live", role="status")
    top = tag("header", tag("h1", "burnish board", tag("small", tag("code", id="root"))), live, tools(), class_="top")
    pause = tag("button", class_="btn small", type="button", id="pz")
    now = tag(
        "section",
        tag("div", tag("h2", both("Running now", "正在运行")), pause, class_="nowhead"),
        tag("div", id="now", class_="now"),
        id="nows",
        hidden=True,
        aria_label=both("Running now", "正在运行"),
    )
    main = tag("main", now, _filters(), tag("div", id="list"), _small_print(), id="main")
    tray = tag(
        "div",
        tag("span", id="tt", aria_live="polite"),
        tag("button", both("Compare", "比较"), class_="btn", type="button", id="go"),
        tag("button", both("Clear", "清除"), class_="btn q", type="button", id="cl"),
        class_="tray",
        id="tray",
        hidden=True,
        role="region",
        aria_label=both("Comparison", "比较"),
    )
    drawer = tag("div", class_="draw", id="draw", role="dialog", aria_labelledby="dt", hidden=True)
    return join(skip, top, main, tray, drawer, tag("div", class_="toast", id="toast", role="status"))


def _filters() -> Html:
    search = tag("input", type="search", id="q", autocomplete="off")
    sorts = (
        ("value", Both("score", "得分")),
        ("seconds", Both("shortest training", "训练最短")),
        ("mib", Both("smallest", "体积最小")),
        ("started", Both("newest", "最新")),
        ("run", Both("name", "名称")),
    )
    orders = [tag("option", words.en, value=value, data_en=words.en, data_zh=words.zh) for value, words in sorts]
    anything = tag("option", "all tasks", value="", data_en="all tasks", data_zh="全部任务")
    level = tag("input", type="checkbox", id="lv")
    only = both("Only the best and those level with it", "只看最佳及不分上下者")
    return tag(
        "form",
        tag("label", both("Search runs, models, data", "搜索运行、模型、数据"), search, class_="w"),
        tag("label", both("Task", "任务"), tag("select", anything, id="ft")),
        tag("label", both("Sort by", "排序"), tag("select", *orders, id="so")),
        tag("label", level, only, class_="ck"),
        tag("output", id="cnt"),
        class_="filt",
        id="ff",
        role="search",
        aria_label=both("Runs", "运行"),
    )


def _small_print() -> Html:
    words = both(
        "Runs are ranked only against runs that were tested on the same rows. The pale band is the interval of the best run. "
        "“Level”: the 95 % interval of the paired difference from the best contains 0, which does not make them equal. "
        "With many runs the best one is partly luck: check it on fresh rows before you rely on the figure. "
        "Choose runs and press Compare for a verdict corrected for their number.",
        "只在测试数据相同的运行之间排名。浅色带是最佳运行的区间。“不分上下”：与最佳的配对差值的 95 % 区间包含 0，并不表示相等。"
        "运行很多时，最佳者部分出于运气：依赖该数字前，请用新数据再验证。选择几个运行并点“比较”，可得到按数量校正的结论。",
    )
    return tag("p", words, class_="fine")
