"""At most five statements under the claim, in a fixed order: baselines, the weakest class, confidence, data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from burnish.evaluation.reliability import agreement, bins
from burnish.report.baselines import NAMES
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Both, Child, Html, both, code, join
from burnish.report.page.numerals import count, known, number, percent
from burnish.report.page.verdict import in_hundred, leading
from burnish.report.page.vocabulary import baseline, capital, metric
from burnish.report.summary import CALIBRATED, OVERLAP
from burnish.targets import classes_of, target_class

Mark = Literal["good", "level", "warn", "note"]
SAYABLE = 5
"""Examples of a class below which nothing is said of it."""
WEAK = 0.7
"""F1 below which a class is called weak."""
MOST = 5


@dataclass(frozen=True)
class Statement:
    """One of them.

    Attributes:
        mark: its shape: shown better, not shown, warning, note.
        head: what is claimed.
        why: what it rests on.
        section: where to read on.
    """

    mark: Mark
    head: Both
    why: Both
    section: str


def statements(contents: Contents) -> list[Statement]:
    """What a reader has to know, at most `MOST`."""
    found = [*_baselines(contents), *_classes(contents), *_confidence(contents), _data(contents)]
    return [one for one in found if one is not None][:MOST]


def _baselines(contents: Contents) -> list[Statement]:
    if not contents.baselines:
        head = both("<b>Nothing to compare with.</b>", "<b>没有可比较的基线。</b>")
        why = both("No baseline was scored on these examples.", "这些样本上没有基线得分。")
        return [Statement("note", head, why, "scores")]
    order = [key for key in NAMES if key in contents.baselines]
    order += [key for key in contents.baselines if key not in order]
    said = [one for one in (_against(contents, key) for key in order) if one is not None]
    return sorted(said, key=lambda one: one.mark != "warn")[:2]  # one that beats the model is not passed over


def _against(contents: Contents, key: str) -> Statement | None:
    """The deciding metric says which it is, as in report.md; the metric of the claim stands first in the reason."""
    lead, deciding = leading(contents), contents.deciding
    differences = contents.baselines[key]["differences"]
    said = [name for name in dict.fromkeys((lead, deciding)) if known((differences.get(name) or {}).get("value"))]
    if not said:
        return None
    better = differences[said[-1]]["better"]
    templates: dict[Any, tuple[Mark, str, str]] = {
        True: ("good", "<b>Better than the {name}.</b>", "<b>优于{name}。</b>"),
        False: ("warn", "<b>Worse than the {name}.</b>", "<b>不如{name}。</b>"),
        None: ("level", "<b>Not shown to be better than the {name}.</b>", "<b>未能证明优于{name}。</b>"),
    }
    mark, en, zh = templates[better]
    reasons = [_difference(name, differences[name], decides=name != lead) for name in said]
    why = _sentences(*reasons, _others(contents, said, differences))
    return Statement(mark, both(en, zh, name=baseline(key)), why, "scores")


def _difference(lead: str, paired: Mapping[str, Any], *, decides: bool) -> Both:
    value, low, high = (paired[name] for name in ("value", "low", "high"))
    if lead == "accuracy" and known(low) and known(high):
        return both(
            "{more} right in 100 examples, with an interval from {low} to {high}.",
            "每 100 个样本答对数{more}，区间为{low}至{high}。",
            more=_more(value),
            low=_more(low),
            high=_more(high),
        )
    named, said = capital(metric(lead)), number(value, signed=True)
    if decides:
        named = both("{m} decides:", "以{m}为准：", m=named)
    if not known(low) or not known(high):
        return both(
            "{metric} {value}; no interval can be given.", "{metric} {value}；无法给出区间。", metric=named, value=said
        )
    ends = both("{low} to {high}", "{low} 至 {high}", low=number(low, signed=True), high=number(high, signed=True))
    return both(
        "{metric} {value}, with an interval from {ends}.",
        "{metric} {value}，区间为 {ends}。",
        metric=named,
        value=said,
        ends=ends,
    )


def _more(share: float) -> Both:
    size = in_hundred(abs(share))
    if size == "0":
        return Both("0 more", "相差 0 个")
    return Both(f"{size} more", f"多 {size} 个") if share > 0 else Both(f"{size} fewer", f"少 {size} 个")


def _others(contents: Contents, said: list[str], differences: Mapping[str, Any]) -> Both | None:
    """Whether the other headline metrics agree with the deciding one, the last of those that were said."""
    verdict = differences[said[-1]]["better"]
    shown = {
        label: differences[label]["better"]
        for label in contents.scores["headline"]
        if label not in said and differences.get(label) and known(differences[label]["value"])
    }
    if not shown:
        return None
    if all(one == verdict for one in (*shown.values(), *(differences[label]["better"] for label in said))):
        return both("Every headline metric agrees.", "所有主要指标一致。")
    parts = []
    for better, en, zh in (
        (True, "Shown better in {names}.", "{names}显示更好。"),
        (False, "Worse in {names}.", "{names}更差。"),
        (None, "No difference is shown in {names}.", "{names}未显示差异。"),
    ):
        labels = [label for label, one in shown.items() if one is better]
        if labels and better is not verdict:
            parts.append(both(en, zh, names=_listed(labels)))
    return _sentences(*parts) if parts else None


def _listed(labels: list[str]) -> Both:
    named = [metric(label) for label in labels]
    return Both(", ".join(n.en for n in named), "、".join(n.zh for n in named))


def _sentences(*parts: Both | None) -> Both:
    said = [part for part in parts if part is not None]
    return Both(join(*(part.en for part in said), between=" "), join(*(part.zh for part in said)))


def _classes(contents: Contents) -> list[Statement]:
    called = classes_of(target_class(contents.scores["target"]))
    unknown = contents.scores.get("unknown_labels") or {}
    rows = {n: row for n, row in (contents.scores.get("per_class") or {}).items() if n not in unknown}
    if called is None or len(rows) < 2:
        return []
    sayable = {n: row for n, row in rows.items() if row["support"] >= SAYABLE and known(row["f1"])}
    silent = [name for name, row in rows.items() if row["support"] < SAYABLE]
    without = _nothing_of(silent, rows)
    if not sayable:
        return (
            [
                Statement(
                    "warn",
                    both("<b>No class has enough examples.</b>", "<b>没有足够样本的类别。</b>"),
                    without,
                    "classes",
                )
            ]
            if silent
            else []
        )
    name = min(sayable, key=lambda one: (sayable[one]["f1"], one))
    row = sayable[name]
    weak = row["f1"] < WEAK
    found = round((row["recall"] or 0.0) * row["support"])
    fields = {"name": code(name), "found": count(found), "of": count(row["support"])}
    head = both(
        "<b>Weak at {name}: {found} of {of} found.</b>" if weak else "<b>Weakest at {name}: {found} of {of} found.</b>",
        "<b>{name} 较弱：{of} 个只找出 {found} 个。</b>"
        if weak
        else "<b>最弱的是 {name}：{of} 个中找出 {found} 个。</b>",
        **fields,
    )
    answered = both(
        "Predicted {n} times, right in {right}.",
        "预测 {n} 次，正确 {right} 次。",
        n=count(row["answered"]),
        right=count(found),
    )
    if not row["answered"]:
        answered = both("It is never predicted.", "从未被预测。")
    return [Statement("warn" if weak or silent else "note", head, _sentences(answered, without), "classes")]


def _nothing_of(silent: list[str], rows: Mapping[str, Any]) -> Both:
    if not silent:
        return Both(Html(""), Html(""))
    shown = silent[:3]
    names = join(*(join(code(name), f" ({rows[name]['support']})") for name in shown), between=", ")
    if len(silent) == 1:
        en, zh = "Nothing can be said of {names}: too few test examples.", "{names} 无法评价：测试样本太少。"
    else:
        en, zh = (
            "Nothing can be said of {names}{more}: too few test examples.",
            "{names}{more} 无法评价：测试样本太少。",
        )
    rest = len(silent) - len(shown)
    more = both(" and {n} more", " 等另外 {n} 类", n=rest) if rest else Both("", "")
    return both(en, zh, names=names, more=more)


def _confidence(contents: Contents) -> list[Statement]:
    if not contents.exclusive:
        return []
    known_rows = contents.known
    answers = set(known_rows.answer)
    if len(answers) < 2 <= len(set(known_rows.truth)):
        head = both(
            "<b>It predicts nothing but {name}.</b>", "<b>它只预测 {name}。</b>", name=code(next(iter(answers), ""))
        )
        why = both("Confidence means nothing then.", "此时置信度没有意义。")
        return [Statement("warn", head, why, "classes")]
    agreed = agreement(bins(contents.predictions))
    if agreed is None:
        return []
    sure, right = agreed
    if abs(sure - right) < CALIBRATED:
        head = both("<b>Confidence and accuracy agree on average.</b>", "<b>平均而言，置信度与准确率一致。</b>")
        mark: Mark = "good"
    elif sure > right:
        head, mark = both("<b>Less often right than it claims.</b>", "<b>实际不如自报的可靠。</b>"), "warn"
    else:
        head, mark = both("<b>More often right than it claims.</b>", "<b>实际比自报的更可靠。</b>"), "note"
    fields = {"sure": percent(sure), "right": percent(right)}
    why = both("Mean confidence {sure}, right in {right}.", "平均置信度 {sure}，实际答对 {right}。", **fields)
    return [Statement(mark, head, why, "confidence")]


def _data(contents: Contents) -> Statement:
    if contents.audit is None:
        head = both("<b>The data was not audited.</b>", "<b>数据未经检查。</b>")
        why = both("Audits belong to training runs.", "数据检查属于训练运行。")
        return Statement("note", head, why, "data")
    findings = list(contents.audit.get("findings") or [])
    shared = [finding["code"] for finding in findings if finding["code"] in OVERLAP]
    if shared:
        head = both("<b>Test examples were found in training.</b>", "<b>训练数据中发现了测试样本。</b>")
        why = both(
            "The scores may be too good: {codes}.",
            "得分可能偏高：{codes}。",
            codes=join(*map(code, shared), between=", "),
        )
        return Statement("warn", head, why, "data")
    warnings = [finding for finding in findings if finding["severity"] != "note"]
    notes = len(findings) - len(warnings)
    if not findings:
        mark: Mark = "good"
        head = both("<b>No findings about the data.</b>", "<b>数据检查没有发现问题。</b>")
    else:
        fields: dict[str, Child] = {
            "warnings": _times(len(warnings), "warning"),
            "notes": _times(notes, "note").lower(),
            "w": len(warnings),
            "n": notes,
        }
        head = both(
            "<b>{warnings} and {notes} about the data.</b>", "<b>数据检查：{w} 条警告，{n} 条提示。</b>", **fields
        )
        mark = "warn" if warnings else "note"
    codes = join(*(code(f["code"]) for f in (warnings or findings)[:4]), between=", ")
    listed = both("{codes}. ", "{codes}。", codes=codes) if findings else Both("", "")
    apart = both("{listed}No test example was found in training.", "{listed}训练数据中未发现测试样本。", listed=listed)
    return Statement(mark, head, apart, "data")


def _times(number_of: int, word: str) -> str:
    return f"{number_of or 'No'} {word}{'' if number_of == 1 else 's'}"
