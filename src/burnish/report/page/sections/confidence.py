"""Confidence: can its probabilities be acted on?"""

from __future__ import annotations

from burnish.counting.calibration import confidence as of_predictions
from burnish.evaluation.reliability import agreement, bins
from burnish.report.calibration import brier_in_parts
from burnish.report.decisions import decisions
from burnish.report.page.confidence_charts import answered, decision, reliability, spread
from burnish.report.page.contents import Contents
from burnish.report.page.markdown_html import blocks
from burnish.report.page.markup import Both, Child, both, code, join
from burnish.report.page.numerals import known, number
from burnish.report.page.risk_chart import risk
from burnish.report.page.section import Section, fine, pair
from burnish.report.summary import CALIBRATED


def confidence(contents: Contents) -> Section | None:
    """Reliability diagram, histogram with a threshold to try, coverage; of two classes the decision as well."""
    bars = bins(contents.predictions) if contents.exclusive else []
    agreed = agreement(bars)
    learned = blocks(decisions(contents.scores.get("decisions") or {})[2:])
    if agreed is None:
        return Section("confidence", Both("Confidence", "置信度"), None, learned) if learned else None
    sure, right = of_predictions(contents.known)
    charts = pair(reliability(bars), spread(sure, right))
    further = pair(answered(sure, right), risk(contents, sure, right))
    threshold = decision(contents)
    last = None if threshold is None else pair(threshold)
    note = fine(
        both(
            "For looking only: a threshold chosen here would be chosen on the examples it is scored on. Set {name} in the recipe "
            "to learn one from validation.",
            "仅供观察：在这里选的阈值等于在评分样本上选择。请在配方中设置 {name}，由验证数据学得。",
            name=code("abstention"),
        )
    )
    figures = blocks(brier_in_parts(contents.scores))
    body = join(charts, further, last, note, figures, learned)
    return Section("confidence", Both("Confidence", "置信度"), _lead(contents, *agreed), body)


def _lead(contents: Contents, sure: float, right: float) -> Both:
    error = contents.figure("expected_calibration_error").get("value")
    tail = (
        both(" Expected calibration error: {e}.", "期望校准误差：{e}。", e=number(error))
        if known(error)
        else Both("", "")
    )
    fields: dict[str, Child] = {
        "sure": number(sure),
        "right": number(right),
        "tail": tail,
        "name": code("calibration: temperature"),
    }
    if abs(sure - right) < CALIBRATED:
        return both(
            "Confidence and accuracy agree on average: {sure} and {right}.{tail}",
            "置信度与准确率平均一致：{sure} 与 {right}。{tail}",
            **fields,
        )
    if sure > right:
        return both(
            "Predictions are surer than they are right: mean confidence {sure}, right in {right}.{tail} {name} would lower "
            "them, learned from validation.",
            "预测过于自信：平均置信度 {sure}，实际答对 {right}。{tail}{name} 可由验证数据学得修正。",
            **fields,
        )
    return both(
        "Predictions are less sure than they are right: mean confidence {sure}, right in {right}.{tail} {name} would raise "
        "them, learned from validation.",
        "预测比自报的更准：平均置信度 {sure}，实际答对 {right}。{tail}{name} 可由验证数据学得修正。",
        **fields,
    )
