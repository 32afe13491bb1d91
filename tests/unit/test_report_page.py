"""report.html: its sentences, that nothing in the data breaks it, what it holds and how large it is."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.report.page import markup, plot, privacy
from burnish.report.page.budget import Budget
from burnish.report.page.cards import Card, Row, cards
from burnish.report.page.contents import Contents
from burnish.report.page.markdown_html import blocks
from burnish.report.page.markup import Both, both, code, escaped, plain, tag
from burnish.report.page.numerals import percent, power_of_ten, probability
from burnish.report.page.page import page, policy, write_page
from burnish.report.page.sections.training import spiked
from burnish.report.page.statements import statements
from burnish.report.page.verdict import beneath, in_hundred, verdict
from tests import page_cases
from tests.page_cases import HOSTILE, TABLES, contents
from tests.prediction_cases import label_table, score_table
from tests.transcript_cases import transcript_table

VOID = {"meta", "input", "br", "img", "line", "rect", "circle", "path"}


class Checked(HTMLParser):
    """Elements that are opened are closed, in order; ids are unique; nothing is loaded or runs but what is ours."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.scripts, self.images = 0, 0
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag_name: str, attributes: list[tuple[str, str | None]]) -> None:
        known = dict(attributes)
        assert not [name for name in known if name.startswith("on")], attributes
        for name in ("src", "href"):
            assert (known.get(name) or "data:").startswith(("data:", "#")), attributes
        if "id" in known:
            self.ids.append(str(known["id"]))
        self.scripts += tag_name == "script"
        self.images += tag_name == "img"
        if tag_name not in VOID:
            self.open.append(tag_name)

    def handle_startendtag(self, tag_name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag_name, attributes)
        if tag_name not in VOID:
            self.open.pop()

    def handle_endtag(self, tag_name: str) -> None:
        assert self.open.pop() == tag_name

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)


def said(value: Both) -> tuple[str, str]:
    """Both languages as plain text."""
    words = plain(value)
    assert isinstance(words, Both)
    return str(words.en), str(words.zh)


@pytest.mark.parametrize("kind", TABLES)
def test_every_kind_of_target_has_a_whole_page(kind: str) -> None:
    text = page(contents(TABLES[kind]()))
    found = Checked(text)
    assert len(set(found.ids)) == len(found.ids)
    assert found.images == 0
    links = re.findall(r'<a href="#(\w+)"', text)
    assert set(links) <= set(found.ids)
    assert {"summary", "scores", "mistakes", "training", "data", "settings"} <= set(found.ids)
    assert ("ranking" in found.ids) == (kind not in ("score", "tags"))
    assert ("confusions" in found.ids) == (kind in ("two classes", "classes", "many classes", "hostile"))
    assert not re.search(r"\bnan\b|None|Both\(|Html\(|\{\w+\}", " ".join(found.words).replace("{name} {0}", ""))
    assert text.count('lang="en"') - 1 <= text.count('lang="zh"') + 1  # no sentence in one language alone
    assert len(text.encode()) < 5_000_000


def test_nothing_in_the_data_becomes_markup() -> None:
    text = page(contents(TABLES["hostile"](), facts=page_cases.FACTS | {"name": HOSTILE[0], "notes": HOSTILE}))
    found = Checked(text)
    assert found.scripts == 3  # early, the steps of the threshold, page.js
    words = "".join(found.words)
    assert HOSTILE[0] in words
    assert "\x00" not in text
    assert "\u202e" not in text
    assert "⟨U+202E⟩" in words
    assert "␀" in words
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert f'content="{escaped(policy(*scripts))}"' in text


def test_templates_hold_whatever_is_put_into_them() -> None:
    sentence = both("<b>{x}</b> and {y}", "{y}<b>{x}</b>", x="<i>{y}</i>", y=code("a`b<"))
    assert sentence.en == "<b>&lt;i&gt;{y}&lt;/i&gt;</b> and <code><bdi>a`b&lt;</bdi></code>"
    assert said(sentence) == ("&lt;i&gt;{y}&lt;/i&gt; and a`b&lt;", "a`b&lt;&lt;i&gt;{y}&lt;/i&gt;")
    assert escaped("a\ud800\x07\r\nb") == "a\ufffd␇\nb"
    assert tag("p", "x", title='"', hidden=True, data_x=None) == '<p title="&quot;" hidden>x</p>'
    assert tag("a", "x", aria_label=Both("y", "z")) == '<a aria-label="y" data-zh-aria-label="z">x</a>'
    assert markup.join(None, "<", 3) == "&lt;3"


def test_no_absolute_path_is_told(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(page_cases.RECIPE, encoding="utf-8")
    given = contents(label_table(60, 3), recipe="", facts=page_cases.FACTS | {"recipe": "recipe.yaml"})
    text = write_page(tmp_path, given).read_text(encoding="utf-8")
    assert "/home/" not in text
    assert "…/messages.csv" in text
    assert "learning_rate" in text


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("read /home/ann/my.csv, row 3", "read …/my.csv, row 3"),
        (r"C:\Users\ann\my.csv", "…/my.csv"),
        ("~/runs/a", "…/a"),
        ("/data/images/", "…/"),
        ("https://example.org/a/b and 3/4 and a/b/c", "https://example.org/a/b and 3/4 and a/b/c"),
        ("--out=/tmp/x/y", "--out=…/y"),
    ],
)
def test_paths_lose_their_folders(given: str, told: str) -> None:
    assert privacy.relative(given) == told


def test_the_claim() -> None:
    given = contents(label_table(100, 3))
    share = given.scores["metrics"]["accuracy"]
    en, zh = said(verdict(given))
    right = round(100 * share["value"])
    assert (en, zh) == (f"Right in {right} of 100 test examples", f"每 100 个测试样本答对 {right} 个")
    en, zh = said(beneath(given))
    low, high = (in_hundred(share[end]) for end in ("low", "high"))
    assert en == f"{low} to {high} with 95 % confidence. {right} of 100 test examples. Training never saw them."
    assert zh.startswith(f"95 % 置信区间为 {low} 至 {high}。")
    open_rows = replace(given, facts={"sealed": False, "split": "new.csv"})
    assert said(beneath(open_rows))[0].endswith("They are not a held-out test: the model may have seen them.")
    assert said(verdict(open_rows))[0].endswith("of 100 examples of new.csv")
    assert said(verdict(contents(score_table(60))))[0].startswith("Pearson correlation 0.")
    heard = transcript_table(["a b c d"], ["a b c x"])
    assert said(verdict(contents(heard)))[0] == "25 of 100 words wrong"


def changed(given: Contents, label: str, **figures: Any) -> Contents:
    """With other figures of a metric."""
    metrics = given.scores["metrics"]
    return replace(given, scores={**given.scores, "metrics": {**metrics, label: {**metrics[label], **figures}}})


def test_the_claim_at_its_ends() -> None:
    given = contents(label_table(100, 3))
    assert said(verdict(changed(given, "accuracy", value=1.0))) == (
        "Right in all 100 test examples",
        "100 个测试样本全部答对",
    )
    assert said(verdict(changed(given, "accuracy", value=0.0)))[0] == "Right in none of 100 test examples"
    assert said(verdict(changed(given, "accuracy", value=0.996)))[0] == "Right in 99.6 of 100 test examples"
    without = changed(given, "accuracy", low=None, high=None)
    assert "No interval can be given." in said(beneath(without))[0]


def against(given: Contents, deciding: Any = ..., **figures: Any) -> tuple[str, str]:
    """The first statement when the differences to the baseline are others; `deciding` is what is shown in macro F1."""
    baseline = given.baselines["majority"]
    differences = {name: {**one, **figures} for name, one in baseline["differences"].items()}
    if deciding is not ...:
        differences["macro_f1"] = {**differences["macro_f1"], "better": deciding}
    first = statements(replace(given, baselines={"majority": {**baseline, "differences": differences}}))[0]
    return first.mark, " ".join(said(part)[0] for part in (first.head, first.why))


def test_no_difference_is_called_better_that_is_not_shown() -> None:
    given = contents(label_table(100, 3))
    mark, words = against(given, value=0.06, low=-0.02, high=0.14, better=None)
    assert mark == "level"
    assert words.startswith(
        "Not shown to be better than the majority baseline. 6 more right in 100 examples, with an interval from 2 fewer to 14 more."
    )
    mark, words = against(given, value=0.5, low=0.4, high=0.6, better=True)
    assert mark == "good"
    assert words.startswith("Better than the majority baseline. 50 more right")
    assert words.endswith("Every headline metric agrees.")
    mark, words = against(given, deciding=None, value=0.08, low=0.01, high=0.15, better=True)
    assert mark == "level"
    assert words.startswith(
        "Not shown to be better than the majority baseline. 8 more right in 100 examples, with an interval from 1 more to "
        "15 more. Macro F1 decides: +0.080, with an interval from +0.010 to +0.150. Shown better in balanced accuracy"
    )
    mark, words = against(given, value=-0.5, low=-0.6, high=-0.4, better=False)
    assert mark == "warn"
    assert words.startswith("Worse than the majority baseline. 50 fewer right")


def test_statements_are_in_order_and_say_what_cannot_be_said() -> None:
    found = statements(contents(label_table(60, 5)))
    assert [one.section for one in found] == ["scores", "classes", "confidence", "data"]
    assert all("{" not in part for one in found for both_ in (one.head, one.why) for part in said(both_))
    assert said(found[-1].head)[0] == "1 warning and 1 note about the data."
    bare = replace(contents(label_table(60, 3)), baselines={}, audit=None)
    words = [said(one.head)[0] for one in statements(bare)]
    assert words[0] == "Nothing to compare with."
    assert words[-1] == "The data was not audited."
    shared = {"findings": [{"code": "test_rows_in_train", "severity": "warning", "message": "", "rows": []}]}
    assert said(statements(replace(bare, audit=shared))[-1].head)[0] == "Test examples were found in training."


def test_private_rows_stay_out() -> None:
    given = contents(label_table(90, 4))
    with_rows, without = page(given), page(replace(given, rows=0))
    assert "message 3" in with_rows
    assert "message" not in without.replace("messages.csv", "").replace("postMessage", "")
    assert "window.broken" not in without  # nor what the audit quotes
    assert "It holds no examples of the evaluated data." in without
    few = page(replace(given, rows=3))
    assert few.count("<li data-t=") == 3
    footer = few.partition("<footer>")[2]
    assert "It holds 3 examples of the evaluated data</span>" in footer.replace(", and quotes 1 in the audit.", "")
    assert ", and quotes 1 in the audit." in footer
    assert "are in predictions.parquet" in few


def test_without_rows_a_page_is_small() -> None:
    text = page(replace(contents(label_table(400, 7)), rows=0))
    assert len(text.encode()) < 190_000  # of which three charts of gain, lift and spread of nine curves are 32,000


def test_pictures_and_sounds_keep_to_their_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    def explain(rows: Any, outputs: Any) -> list[Any]:
        return [(page_cases.picture(row), page_cases.picture(row + 1)) for row in rows]

    given = contents(label_table(60, 3), pictured=page_cases.picture, explain=explain)
    text = page(given)
    assert text.count("data:image/webp") >= 20
    monkeypatch.setattr("burnish.report.page.sections.mistakes.Budget", lambda: Budget(4000))
    text = page(given)
    assert 0 < text.count("data:image/webp") < 20
    assert re.search(r"\d+ pictures had no room", text)
    monkeypatch.undo()
    text = page(replace(given, heard=page_cases.sound))
    assert text.count("data:audio/ogg") == text.count("<audio controls") > 5
    assert "data:image/webp" not in text


def test_replies_stand_side_by_side() -> None:
    after, before = page_cases.replies()
    text = page(contents(after, base=before))
    Checked(text)
    assert text.count('class="replies n3"') == 3
    assert "leaves at <mark>ten</mark>" in text
    assert "before training" in text
    assert 'id="ranking"' not in text


def test_words_of_transcripts_are_aligned() -> None:
    heard = transcript_table(["the ferry leaves", HOSTILE[0]], ["the fairy leaves now", "x"])
    text = page(contents(heard, heard=page_cases.sound))
    Checked(text)
    for kind in ("substitution", "insertion"):
        assert f'class="al {kind}"' in text
    assert "<audio controls" in text


def test_effects_of_words_are_underlined() -> None:
    given = contents(
        label_table(60, 3), shown=lambda row: "lost my parcel", effects=lambda row: [(0, 4, -0.1), (8, 14, 0.4)]
    )
    text = page(given)
    assert '<span class="fx for w4" title="+0.40">parcel</span>' in text
    assert '<span class="fx against w1" title="−0.10">lost</span>' in text


def test_a_card_is_a_file_that_is_found() -> None:
    found = {type(card).__module__.rpartition(".")[2] for card in cards(contents(label_table(20, 3)), [], Budget())}
    assert found == {"text"}

    class Odd(Card):
        """Not in the folder, and so not found."""

        @classmethod
        def of(cls, contents: Contents, rows: Any, budget: Budget) -> Odd:
            return cls()

        def body(self, row: Row) -> None:
            return None

    assert not any(isinstance(card, Odd) for card in cards(contents(label_table(20, 3)), [], Budget()))


def test_markdown_of_the_report_becomes_html() -> None:
    lines = ["## A `b|c`", "", "| x | n |", "| --- | --: |", r"| `a\|b` | 1 |", ""]
    lines += ["- **one** &lt;b&gt;", "  more", "- two", "", "    pre <", "text"]
    made = blocks(lines)
    Checked(f"<div>{made}</div>")
    assert "<h3>A <code><bdi>b|c</bdi></code></h3>" in made
    assert '<th scope="row"><code><bdi>a|b</bdi></code></th><td class="num">1</td>' in made
    assert "<li><b>one</b> &lt;b&gt; more</li><li>two</li>" in made
    assert "pre &lt;</pre>" in made
    assert blocks(["![x](pictures/x.png)"]) == ""


def test_numbers() -> None:
    assert [percent(v) for v in (0.0, 0.004, 0.5, 0.996, 1.0)] == ["0 %", "0.4 %", "50 %", "99.6 %", "100 %"]
    assert (power_of_ten(-12), probability(1.1e-9), probability(0.2)) == ("10⁻¹²", "1.1 × 10⁻⁹", "0.2")
    assert [plot.number(v) for v in (0.5, -0.25, 0.0, 1.0, -0.00001)] == [".5", "-.25", "0", "1", "0"]
    assert plot.even_ticks(0.0, 248.0, 5)[-1] >= 248
    assert plot.even_ticks(-0.3, 0.3)[0] <= -0.3


def test_a_spike_is_not_lost() -> None:
    points = np.stack([np.arange(10_000.0), np.zeros(10_000)], 1)
    points[7_777, 1] = 9.0
    kept = spiked(points)
    assert len(kept) <= 200
    assert kept[:, 1].max() == 9.0


def test_curves_are_in_units_of_their_data() -> None:
    """What page.js writes as CSV are the points themselves."""
    drawn = plot.Plot((0.0, 2.0), (0.0, 1.0))
    drawn.line(np.array([[0.0, 0.125], [2.0, 1.0]]), name="a")
    svg = drawn.svg(Both("x", "y"))
    assert 'd="M0 .125L2 1"' in svg
    assert 'data-series="a"' in svg
    matrix = re.search(r"matrix\(([-\d. ]+)\)", svg)
    assert matrix is not None
    wide, _, _, tall, across, down = map(float, matrix[1].split())
    assert (across + 2 * wide, down + tall) == pytest.approx((drawn.at_x(2.0), drawn.at_y(1.0)), abs=1e-3)


def test_risk_by_coverage_is_drawn_with_its_areas() -> None:
    """The curve, the best order and their numbers; nothing where every prediction is right."""
    given = contents(label_table(200, 3, 1))
    text = page(given)
    assert 'data-name="risk"' in text
    area = given.scores["metrics"]["risk_coverage_area"]["value"]
    assert f"Area {area:.3f}" in " ".join(Checked(text).words)
    assert "Brier score" in text
    known = label_table(60, 2)
    right = known.with_answers(known.truth)
    assert 'data-name="risk"' not in page(contents(right))
