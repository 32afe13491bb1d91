"""Data: was the test fair?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from burnish.report import run as report_run
from burnish.report import test_set
from burnish.report.page.contents import Contents
from burnish.report.page.markdown_html import blocks
from burnish.report.page.marks import mark
from burnish.report.page.markup import Both, Html, both, code, join, tag
from burnish.report.page.numerals import count, number
from burnish.report.page.privacy import relative
from burnish.report.page.section import Section
from burnish.report.page.vocabulary import ADVICE, capital, split

FINDINGS = 30
EXAMPLES = 3
_PARTS = {
    "train": both(
        "The network learned from these, and label names, scales and class weights too.",
        "网络由此学习，标签名、尺度和类别权重也由此学得。",
    ),
    "validation": both(
        "Looked at to choose the checkpoint, and where asked the thresholds.", "用于选择检查点，需要时也用于阈值。"
    ),
    "test": both(
        "Read once, after training had ended and the checkpoint was chosen.", "训练结束、检查点选定后只读一次。"
    ),
}


def data(contents: Contents) -> Section | None:
    """How the splits were kept apart, how often the test was opened, what the audit found."""
    parts = [_flow(contents), _kept(contents), _audit(contents), _lengths(contents)]
    if not any(parts):
        return None
    return Section("data", Both("Data", "数据"), None, join(*parts))


def _flow(contents: Contents) -> Html | None:
    rows: Mapping[str, int] = contents.facts.get("rows") or {}
    if not rows:
        return None
    total = sum(rows.values()) or 1
    classes = dict(zip(rows, ("a", "b", "c", "a", "b", "c"), strict=False))
    classes |= {name: kind for name, kind in (("train", "a"), ("validation", "b"), ("test", "c")) if name in rows}
    columns = " ".join(f"{max(size / total, 0.02):.4f}fr" for size in rows.values())
    told = ", ".join(f"{size:,} {name}" for name, size in rows.items())
    told_zh = "，".join(f"{split(name).zh} {size:,}" for name, size in rows.items())
    label = both("{n} examples: {told}", "{n} 个样本：{zh}", n=count(total), told=told, zh=told_zh)
    bar = tag(
        "div",
        *(tag("div", class_=classes[name]) for name in rows),
        class_="flow",
        role="img",
        aria_label=label,
        style=f"grid-template-columns:{columns}",
    )
    words = []
    for name, size in rows.items():
        title = tag("b", both("{name}, {n} examples", "{name}，{n} 个样本", name=capital(split(name)), n=count(size)))
        words.append(tag("p", title, _part(contents, name), class_=classes[name]))
    return join(
        tag("h3", both("How the examples were kept apart", "样本如何划分")), bar, tag("div", *words, class_="flowt")
    )


def _part(contents: Contents, name: str) -> Both | None:
    before = contents.scores.get("tested_before") or []
    if name == contents.facts.get("split", "test") and before:
        return both(
            "This test set was evaluated {n} times by this run; if an earlier score decided anything, this one is too good.",
            "本次运行已评测该测试集 {n} 次；若先前得分影响过决定，则本次得分偏高。",
            n=len(before) + 1,
        )
    if name == "test" and contents.facts.get("sealed") is not True:
        return None
    return _PARTS.get(name)


def _kept(contents: Contents) -> Html | None:
    facts = contents.facts
    lines = []
    if facts.get("split_method"):
        lines.append(tag("li", both("Splits", "划分"), ": ", relative(str(facts["split_method"]))))
    if facts.get("sealed") is False:
        lines.append(
            tag(
                "li",
                both(
                    "These examples are not a held-out test: the model may have seen them, or been scored on them before.",
                    "这些样本不是留出的测试集：模型可能见过，或曾在其上评分。",
                ),
            )
        )
    told = (
        test_set.used(contents.scores),
        test_set.smallest(contents.scores, contents.baselines, contents.deciding),
    )
    lines += [tag("li", one) for one in told if one is not None]
    for test in contents.scores.get("tested_before") or []:
        fields = {"step": count(int(test["step"])), "metric": code(test["metric"]), "value": number(test["value"])}
        lines.append(
            tag(
                "li",
                both(
                    "Tested before, after step {step}: {metric} {value}.",
                    "此前在第 {step} 步后测试过：{metric} {value}。",
                    **fields,
                ),
            )
        )
    if unknown := contents.scores.get("unknown_labels"):
        names = join(*(join(code(n), f" ({c})") for n, c in list(unknown.items())[:10]), between=", ")
        lines.append(
            tag(
                "li",
                both(
                    "Labels that are not in training, always counted as errors: {names}",
                    "训练中没有的标签，一律计为错误：{names}",
                    names=names,
                ),
            )
        )
    without = contents.scores["rows_without_truth"]
    if without:
        lines.append(
            tag(
                "li",
                both(
                    "{n} examples without a label are left out of all figures.",
                    "{n} 个没有标签的样本不计入任何数字。",
                    n=count(without),
                ),
            )
        )
    return tag("ul", *lines, class_="plain") if lines else None


def _audit(contents: Contents) -> Html | None:
    audit = contents.audit
    if audit is None:
        return None
    findings: Sequence[Mapping[str, Any]] = audit.get("findings") or []
    title = tag("h3", both("What the audit found", "数据检查结果"))
    warnings = sum(finding["severity"] != "note" for finding in findings)
    fields = {"w": warnings, "n": len(findings) - warnings}
    said = (
        both("Warnings: {w}. Notes: {n}.", "警告 {w} 条，提示 {n} 条。", **fields)
        if findings
        else both("No findings.", "没有发现。")
    )
    items = [listed(finding, contents.rows > 0) for finding in findings[:FINDINGS]]
    more = len(findings) - len(items)
    rest = (
        tag("p", both("{n} more are in audit.json.", "另有 {n} 条见 audit.json。", n=more), class_="fine")
        if more > 0
        else None
    )
    sizes = blocks(report_run.sizes((audit.get("figures") or {}).get("tables") or {}))
    return join(title, tag("p", said, class_="lede"), tag("ul", *items, class_="fd") if items else None, rest, sizes)


def listed(finding: Mapping[str, Any], rows_shown: bool) -> Html:
    """A finding with its advice and its first rows."""
    key = str(finding["code"])
    advice = ADVICE.get(key)
    head = tag("p", tag("b", relative(str(finding["message"]))))
    what = tag("p", join(_ticked(advice), " ") if advice else None, code(key), class_="fine")
    quotes = [_example(row, rows_shown) for row in (finding.get("rows") or [])[:EXAMPLES]]
    more = int(finding.get("count") or 0) - len(quotes)
    rest = tag("p", both("and {n} more", "另有 {n} 个", n=count(more)), class_="fine") if quotes and more > 0 else None
    return tag("li", mark("note" if finding["severity"] == "note" else "warn"), tag("div", head, what, *quotes, rest))


def quoted(contents: Contents) -> int:
    """How many examples the audit quotes on the page."""
    findings = (contents.audit or {}).get("findings") or []
    rows = [row for finding in findings[:FINDINGS] for row in (finding.get("rows") or [])[:EXAMPLES]]
    return sum(bool(row.get("text")) for row in rows) if contents.rows else 0


def _ticked(advice: Both) -> Both:
    """Names between backticks become code."""
    return Both(*(Html(re.sub(r"`([^`]+)`", lambda f: str(code(f[1])), str(part))) for part in (advice.en, advice.zh)))


def _example(row: Mapping[str, Any], rows_shown: bool) -> Html:
    parts = [relative(str(row["place"])).rpartition("/")[2]]
    if rows_shown:
        parts += [relative(str(row["detail"]))] if row.get("detail") else []
        parts += [f"“{row['text']}…”" if len(str(row["text"])) >= 80 else f"“{row['text']}”"] if row.get("text") else []
    return tag("blockquote", tag("bdi", ", ".join(parts)))


def _lengths(contents: Contents) -> Html | None:
    lengths, limit = contents.facts.get("lengths"), contents.facts.get("length_limit")
    if lengths is None or not len(lengths) or not limit:
        return None
    cut = sum(int(length) > int(limit) for length in lengths)
    fields = {
        "cut": count(cut),
        "all": count(len(lengths)),
        "limit": count(int(limit)),
        "unit": str(contents.facts.get("length_unit", "tokens")),
    }
    title = tag("h3", both("How much the model reads", "模型读到多少"))
    said = both(
        "{cut} of {all} training examples are longer than the {limit} {unit} the model reads, and are cut off.",
        "{all} 个训练样本中有 {cut} 个超过模型可读的 {limit} {unit}，被截断。",
        **fields,
    )
    if not cut:
        said = both(
            "No training example is longer than the {limit} {unit} the model reads.",
            "没有训练样本超过模型可读的 {limit} {unit}。",
            **fields,
        )
    return join(title, tag("p", said, class_="told"))
