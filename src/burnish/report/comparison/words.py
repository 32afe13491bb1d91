"""A comparison in one sentence, in English and Chinese."""

from __future__ import annotations

from html import unescape

from burnish.evaluation.versus import Versus
from burnish.report.page.markup import Both, Child, both, code, plain
from burnish.report.page.numerals import MINUS, count, known, number
from burnish.report.page.vocabulary import metric

_POINTS = ("accuracy", "_f1", "precision", "recall", "roc_auc", "_match", "wer", "cer", "_as_asked", "hamming_loss")
_WHOLE = ("f1", "valid_json", "valid_tune", "label_ranking", "stop_rate", "header_as_asked")


def in_points(label: str) -> bool:
    """Whether a metric is a share, so that its differences are said in hundredths: points."""
    return label in _WHOLE or label.endswith(_POINTS)


def verdict(one: Versus, first: str, *, greater_is_better: bool | None) -> Both:
    """`B is better than A by 1.3 points of macro F1, interval 0.2 to 2.5; 23 rows got worse, mostly class 'refund'.`

    Args:
        one: the run beside the first one.
        first: name of the first run.
        greater_is_better: of the deciding metric; None: neither is.
    """
    templates = {
        "better": ("{b} is better than {a} by {size}, {ends}{flips}.", "{b} 优于 {a}，{size}，{ends}{flips}。"),
        "worse": ("{b} is worse than {a} by {size}, {ends}{flips}.", "{b} 不如 {a}，{size}，{ends}{flips}。"),
        "not_shown": (
            "{b} is not shown to differ from {a}: {size}, {ends}{flips}.",
            "未能证明 {b} 与 {a} 有差异：{size}，{ends}{flips}。",
        ),
    }
    en, zh = templates[one.verdict]
    difference = one.difference
    value, low, high = difference.value, difference.low, difference.high
    signed = one.verdict == "not_shown"
    if not signed and value < 0:  # "worse by 1.3" and "better by 0.03 of log loss" are said as sizes
        value, low, high = -value, -high, -low
    size, ends = _size(one.metric, value, signed=signed), _ends(one.metric, low, high, signed=signed)
    return both(en, zh, a=code(first), b=code(one.name), size=size, ends=ends, flips=_flips(one))


def said(words: Both) -> str:
    """The English of it as plain text, for a terminal."""
    text = plain(words)
    return unescape(str(text.en if isinstance(text, Both) else text))


def _size(label: str, value: float, *, signed: bool) -> Both:
    name = metric(label)
    if not in_points(label):
        return both("{n} of {m}", "{m}相差 {n}", n=number(value, signed=signed), m=name)
    one = f"{100 * value:+.1f}" if signed else f"{100 * value:.1f}"
    word = "point" if one.lstrip("+-") == "1.0" else "points"
    fields: dict[str, Child] = {"n": one.replace("-", MINUS), "m": name, "word": word}
    return both("{n} {word} of {m}", "{m}相差 {n} 个百分点", **fields)


def _ends(label: str, low: float, high: float, *, signed: bool) -> Both:
    if not known(low) or not known(high):
        return both("no interval", "无区间")
    if in_points(label):
        written = [f"{100 * end:+.1f}" if signed else f"{100 * end:.1f}" for end in (low, high)]
    else:
        written = [number(end, signed=signed) for end in (low, high)]
    a, b = (end.replace("-", MINUS) for end in written)
    return both("interval {a} to {b}", "区间 {a} 至 {b}", a=a, b=b)


def _flips(one: Versus) -> Both:
    """How many rows got worse and what most of them are; nothing where rows have no error of their own."""
    if one.flips is None:
        return Both("", "")
    worse, better, mostly = len(one.flips.worse), len(one.flips.better), one.flips.mostly
    if not worse and not better:
        return both("; no row changed", "；没有样本发生变化")
    what = both(", mostly class {c}", "，多为类别 {c}", c=code(mostly)) if mostly else Both("", "")
    fields: dict[str, Child] = {
        "w": count(worse),
        "b": count(better),
        "what": what,
        "rows": "row" if worse == 1 else "rows",
    }
    return both("; {w} {rows} got worse{what}, {b} better", "；{w} 个样本变差{what}，{b} 个变好", **fields)
