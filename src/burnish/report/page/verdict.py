"""The first thing that is read: one claim in plain words, and what it rests on."""

from __future__ import annotations

from burnish.report.page.contents import Contents
from burnish.report.page.markup import Both, Child, Html, both, escaped
from burnish.report.page.numerals import count, known, number
from burnish.report.page.vocabulary import capital, metric, split

HUNDREDS = {"accuracy": "right", "wer": "wrong words"}
"""Metrics that are said as so many of 100."""


def leading(contents: Contents) -> str:
    """The metric of the claim: accuracy where a prediction is one of the names, else the deciding one."""
    if contents.exclusive and known(contents.figure("accuracy").get("value")):
        return "accuracy"
    return contents.deciding


def in_hundred(share: float) -> str:
    """A share as so many of 100: whole, with a decimal where it would read as all or none."""
    value = 100 * share
    return f"{value:.1f}" if value > 100 or 0 < min(value, 100 - value) < 1 else f"{value:.0f}"


def verdict(contents: Contents) -> Both:
    """The claim: `Right in 76 of 100 test examples`."""
    lead = leading(contents)
    value, rows = contents.figure(lead).get("value"), _examples(contents)
    if not known(value):
        return both("Nothing could be scored", "没有可评分的内容")
    if lead == "accuracy" and value in (0.0, 1.0) and contents.exclusive:
        word = ("all", "全部答对") if value else ("none of", "全部答错")
        en = f"Right in {word[0]} {{n}} {{rows}}"
        return both(en, f"{{n}} 个{{rows}}{word[1]}", n=count(contents.counted), rows=rows)
    if lead == "accuracy":
        return both("Right in {n} of 100 {rows}", "每 100 个{rows}答对 {n} 个", n=in_hundred(value), rows=rows)
    if lead == "wer":
        return both("{n} of 100 words wrong", "每 100 个词错 {n} 个", n=in_hundred(value))
    return both("{metric} {value}", "{metric} {value}", metric=capital(metric(lead)), value=number(value))


def beneath(contents: Contents) -> Both:
    """How sure the claim is, over which examples, and whether these were held out."""
    lead = leading(contents)
    figures = contents.figure(lead)
    parts = [_interval(contents, lead), _over(contents, lead, figures.get("rows")), _sealed(contents)]
    said = [part for part in parts if part is not None]
    return Both(*(_joined([getattr(part, lang) for part in said]) for lang in ("en", "zh")))


def _joined(sentences: list[str]) -> Html:
    chinese = any(sentence.endswith("。") for sentence in sentences)
    return Html(("" if chinese else " ").join(map(escaped, sentences)))


def _interval(contents: Contents, lead: str) -> Both | None:
    figures = contents.figure(lead)
    low, high = figures.get("low"), figures.get("high")
    if not known(figures.get("value")):
        return None
    if not known(low) or not known(high):
        return both("No interval can be given.", "无法给出区间。")
    say = in_hundred if lead in HUNDREDS else number
    fields = {"low": say(low), "high": say(high), "level": contents.level}
    return both("{low} to {high} with {level} % confidence.", "{level} % 置信区间为 {low} 至 {high}。", **fields)


def _over(contents: Contents, lead: str, rows: int | None) -> Both:
    total, groups = contents.counted, contents.scores.get("groups")
    value = contents.figure(lead).get("value")
    in_groups = both(" in {n} groups", "，来自 {n} 组", n=count(groups)) if groups is not None else Both("", "")
    fields: dict[str, Child] = {"rows": _examples(contents), "n": count(rows or total), "groups": in_groups}
    if lead == "accuracy" and known(value) and rows is None:
        fields["right"] = count(round(float(value or 0) * total))
        return both("{right} of {n} {rows}{groups}.", "{n} 个{rows}中答对 {right} 个{groups}。", **fields)
    return both("{n} {rows}{groups}.", "{n} 个{rows}{groups}。", **fields)


def _sealed(contents: Contents) -> Both | None:
    sealed = contents.facts.get("sealed")
    if sealed is True:
        return both("Training never saw them.", "训练从未见过这些样本。")
    if sealed is False:
        return both(
            "They are not a held-out test: the model may have seen them.", "它们不是留出的测试集：模型可能见过。"
        )
    return None


def _examples(contents: Contents) -> Both:
    name = contents.split
    if name in ("test", "validation", "train"):
        called = split(name)
        word = "training" if name == "train" else called.en
        return both("{name} examples", "{zh}样本", name=word, zh=called.zh)
    return both("examples of {name}", "{name} 的样本", name=name)
