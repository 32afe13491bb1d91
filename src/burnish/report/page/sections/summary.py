"""Summary: is it good enough to use?"""

from __future__ import annotations

from burnish.report.page import strips, verdict, vocabulary
from burnish.report.page.contents import Contents
from burnish.report.page.marks import mark
from burnish.report.page.markup import Both, Html, both, code, join, plain, tag
from burnish.report.page.numerals import count, duration, known, number
from burnish.report.page.privacy import relative
from burnish.report.page.statements import Statement, statements

LINKS = {
    "scores": Both("All scores", "全部得分"),
    "classes": Both("Classes", "各类别"),
    "confidence": Both("Confidence", "置信度"),
    "data": Both("Data", "数据"),
}


def summary(contents: Contents, sections: frozenset[str]) -> Html:
    """The first section; it has the page's title instead of a heading.

    Args:
        contents: of the page.
        sections: which others there are, for links.
    """
    listed = tag("ul", *(_statement(one, sections) for one in statements(contents)), class_="say")
    return tag(
        "section",
        tag("p", _run(contents), class_="run"),
        tag("h1", verdict.verdict(contents), class_="verdict", id="h1"),
        tag("p", verdict.beneath(contents), class_="verdict2"),
        _strip(contents),
        listed,
        tag("p", *_facts(contents), class_="facts"),
        id="summary",
        aria_labelledby="h1",
    )


def _run(contents: Contents) -> Html:
    facts = contents.facts
    parts = [join(both("Run", "运行"), " ", code(relative(str(facts.get("name", "report")))))]
    if facts.get("task"):
        parts.append(tag("span", str(facts["task"])))
    if facts.get("data"):
        parts.append(code(relative(str(facts["data"]))))
    return join(*parts, between=" · ")


def _statement(one: Statement, sections: frozenset[str]) -> Html:
    link = tag("a", LINKS.get(one.section, Both(one.section, one.section)), href=f"#{one.section}")
    why = join(one.why, " ", link) if one.section in sections else one.why
    return tag("li", mark(one.mark), tag("div", tag("p", one.head), tag("p", why, class_="why")))


def _strip(contents: Contents) -> Html | None:
    """The leading metric of the model and of its baselines."""
    lead = verdict.leading(contents)
    figures = {"": contents.figure(lead)}
    figures |= {key: one["metrics"].get(lead) or {} for key, one in contents.baselines.items()}
    figures = {key: one for key, one in figures.items() if known(one.get("value"))}
    if "" not in figures:
        return None
    hundred = lead in verdict.HUNDREDS
    ends = strips.ends_of([one.get(end) for one in figures.values() for end in ("value", "low", "high")])
    rows, said = [], []
    for key, one in figures.items():
        name = vocabulary.baseline(key) if key else both("This model", "本模型")
        value = verdict.in_hundred(one["value"]) if hundred else number(one["value"])
        span = [strips.share(one[end], *ends) for end in ("low", "value", "high") if known(one.get(end))]
        line = strips.strip(one["value"], one.get("low"), one.get("high"), ends, key=key)
        rows.append(strips.row(name, line, value, (min(span), max(span)), me=not key))
        said.append(both("{name} {value}", "{name} {value}", name=name, value=value))
    told = Both("; ".join(plain(s).en for s in said), "；".join(plain(s).zh for s in said))  # type: ignore[union-attr]
    label = both(
        "{metric}, with intervals: {told}.", "{metric}及区间：{told}。", metric=vocabulary.metric(lead), told=told
    )
    drawn = tag("div", *rows, _ticks(ends, lead, hundred), aria_hidden="true")
    return tag("figure", tag("figcaption", label, class_="vh"), drawn, class_="strip")


def _ticks(ends: tuple[float, float], lead: str, hundred: bool) -> Html:
    low, high = ends
    at = [low + (high - low) * i / 4 for i in range(5)]
    labels: list[str | Both] = [f"{100 * v:g}" if hundred else number(v).rstrip("0").rstrip(".") or "0" for v in at]
    if hundred:
        words = ("right", "个答对") if lead == "accuracy" else ("wrong", "个词错误")
        labels[-1] = Both(f"{labels[-1]} {words[0]}", f"{labels[-1]} {words[1]}")
    return strips.ticks(labels)


def _facts(contents: Contents) -> list[Html]:
    facts, training = contents.facts, contents.facts.get("training") or {}
    made = []
    if rows := facts.get("rows"):
        en = ", ".join(f"{part} {tag('b', count(size))}" for part, size in rows.items())
        zh = "，".join(f"{vocabulary.split(part).zh} {tag('b', count(size))}" for part, size in rows.items())
        made.append(tag("span", both("Examples: {told}", "样本数：{told}", told=Both(Html(en), Html(zh)))))
    if facts.get("model"):
        model = tag("b", relative(str(facts["model"])))
        made.append(tag("span", both("Model {model}", "模型 {model}", model=model)))
    if training.get("seconds"):
        spent = duration(float(training["seconds"]))
        bold = Both(tag("b", spent.en), tag("b", spent.zh))
        made.append(tag("span", both("Trained {time}", "训练 {time}", time=bold)))
    if training.get("step"):
        fields = {
            "step": tag("b", count(int(training["step"]))),
            "of": count(int(training.get("steps") or training["step"])),
        }
        made.append(tag("span", both("Checkpoint of step {step} of {of}", "第 {step} / {of} 步的检查点", **fields)))
    return made
