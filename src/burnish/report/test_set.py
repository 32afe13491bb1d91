"""What a test set can say: how often it was used, and the smallest difference it can show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.evaluation.detectable import detectable
from burnish.report.comparison.words import in_points
from burnish.report.page.markup import Both, Child, both
from burnish.report.page.numerals import count, number
from burnish.report.page.vocabulary import metric as named
from burnish.report.page.vocabulary import short_baseline


def used(scores: Mapping[str, Any]) -> Both | None:
    """How often models were scored on these rows, from the ledger; None where the scores do not say (before 0.14.0)."""
    told = scores.get("test_used")
    if told is None:
        return None
    if told["count"] is None:
        fields: dict[str, Child] = {"why": str(told.get("problem", ""))}
        return both(
            "How often this test set was used is not known: {why}.", "该测试集使用过多少次未知：{why}。", **fields
        )
    if told["count"] == 1:
        return both(
            "This is the first model that was scored on this test set on this machine (ledger: {ledger}).",
            "这是本机上首个在该测试集上评分的模型（记录：{ledger}）。",
            ledger=told["ledger"],
        )
    return both(
        "This test set has been used {n} times on this machine, by models of {k} {recipes}, since {first} (ledger: {ledger}). "
        "The more often, the more the best of them owes to luck.",
        "该测试集自 {first} 起在本机上已使用 {n} 次，涉及 {k} 个配置（记录：{ledger}）。次数越多，最佳者越可能出于运气。",
        n=count(told["count"]),
        k=count(told["recipes"]),
        recipes="recipe" if told["recipes"] == 1 else "recipes",
        first=told["first"],
        ledger=told["ledger"],
    )


def smallest(scores: Mapping[str, Any], baselines: Mapping[str, Any], metric: str) -> Both | None:
    """The smallest difference of a metric that this test set can show, in words; None where there is no interval."""
    found = detectable(scores, baselines, metric)
    if found is None:
        return None
    size = number(found.size)
    unit, unit_zh = "", ""
    if in_points(metric):
        size, unit, unit_zh = f"{100 * found.size:.1f}", " points", " 个百分点"
    rows = scores["rows"] - scores["rows_without_truth"]
    groups = scores.get("groups")
    fields: dict[str, Child] = {"size": size, "metric": named(metric), "unit": unit, "zh": unit_zh, "n": count(rows)}
    fields["groups"] = both(" in {g} groups", "（{g} 组）", g=count(groups)) if groups is not None else Both("", "")
    how = both("as if two models erred independently", "按两个模型独立出错计算")
    if found.paired:
        how = both(
            "as far apart row by row as this model and its baseline, the {b}, are",
            "按本模型与基线（{b}）逐行差异计算",
            b=short_baseline(found.against),
        )
    return both(
        "These {n} examples{groups} show a difference of {size}{unit} of {metric} between two models four times in five, and "
        "smaller ones less often ({how}).",
        "这 {n} 个样本{groups}五次中有四次能显示两个模型之间 {metric} {size}{zh} 的差异，更小的差异则更难显示（{how}）。",
        how=how,
        **fields,
    )
