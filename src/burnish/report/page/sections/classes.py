"""Classes: where does it fail?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.evaluation.reliability import wilson
from burnish.report.page.contents import FEW, Contents
from burnish.report.page.markup import Both, Html, both, code, join, tag
from burnish.report.page.numerals import count, known
from burnish.report.page.section import Section, fine
from burnish.report.page.tables import Cell, Column, table
from burnish.targets import classes_of, target_class

SHOWN = 60
"""Classes in the table; of more the weakest are shown."""
_ZH = {"Classes": "各类别", "Labels": "各标签", "Entity types": "各实体类型"}


def classes(contents: Contents) -> Section | None:
    """Recall and precision of each class as bars with intervals, the weakest first."""
    per_class = contents.scores.get("per_class")
    called = classes_of(target_class(contents.scores["target"]))
    if not per_class or called is None:
        return None
    lead = both(
        "Recall: of the {unit} of this {one}, how many were found. Precision: of the predictions of it, how many were right. "
        "Whiskers: 95 % Wilson interval, taken one by one. Dashed: fewer than {few}, too few to say much.",
        "召回率：该类样本中找出的比例。精确率：该类预测中正确的比例。"
        "须线：95 % Wilson 区间，按样本独立计算。虚线：不足 {few} 个，说明不了什么。",
        unit=called.unit,
        one=called.one,
        few=FEW,
    )
    unknown = contents.scores.get("unknown_labels") or {}
    order = sorted(per_class, key=lambda name: (per_class[name]["f1"] if known(per_class[name]["f1"]) else 2.0, name))
    rows = [_row(name, per_class[name], name in unknown) for name in order[:SHOWN]]
    columns = [
        Column(both("Class", "类别")),
        Column(both("Recall", "召回率")),
        Column(both("Precision", "精确率")),
        Column("F1", numbers=True),
        Column(both("Test", "测试"), numbers=True),
        Column(both("Predicted", "预测数"), numbers=True, optional=True),
    ]
    more = len(order) - len(rows)
    left = (
        fine(
            both(
                "{n} more classes, all with a higher F1, are in scores.json.",
                "另外 {n} 类（F1 更高）见 scores.json。",
                n=more,
            )
        )
        if more
        else None
    )
    body = table(columns, rows, sorted_by=3, label=both("Scores of each class", "各类别得分"), id="ct")
    title = Both(called.title, _ZH.get(called.title, called.title))
    return Section("classes", title, lead, join(body, left))


def _row(name: str, row: Mapping[str, Any], strange: bool) -> list[Any]:
    support, answered = int(row["support"]), int(row["answered"])
    flags = []
    if strange:
        flags.append(tag("span", both("not in training", "训练中没有"), class_="flag"))
    elif support < FEW:
        flags.append(tag("span", both("few examples", "样本少"), class_="flag"))
    recall, precision = (row[key] if known(row[key]) else None for key in ("recall", "precision"))
    return [
        Cell(join(code(name), " ", *flags), name),
        Cell(_bar(recall, support), recall if support else -1),
        Cell(_bar(precision, answered), precision if answered else -1),
        Cell(f"{row['f1']:.2f}" if known(row["f1"]) else "–", row["f1"] if known(row["f1"]) else -1),
        Cell(count(support), support),
        Cell(count(answered), answered),
    ]


def _bar(share: float | None, of: int) -> Html:
    if share is None or not of:
        return tag("span", "–", tag("span", both("no such examples", "没有样本"), class_="vh"))
    low, high = wilson(share, of)
    bar = tag(
        "div",
        tag("i", style=f"width:{100 * share:.1f}%"),
        tag("u", style=f"left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%"),
        class_="bar few" if of < FEW else "bar",
    )
    ends = tag("span", f"({low:.2f}–{high:.2f})", class_="vh")
    return tag("div", tag("span", f"{share:.2f}", class_="num"), bar, ends, class_="bv")
