"""Metrics of replies, by hand; where a table has nothing that they look at; intervals and paired differences by group."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.counting.replies import NO_JSON, Reply, json_value, reply_of
from burnish.counting.reply_words import bare_words, spaced_words
from burnish.evaluation.compare import paired_differences
from burnish.evaluation.intervals import bootstrap
from burnish.evaluation.measuring import measured
from burnish.evaluation.scores import metrics_for, scores
from burnish.media.chat.replies import message_of
from burnish.metrics import Metric
from burnish.recipe.recipe import Recipe
from burnish.recipe.text import loads
from burnish.recipe.written import commented
from burnish.report.results import headline, other_metrics
from burnish.report.summary import figure
from burnish.targets import Decoded, Outcome
from burnish.targets.response import Response
from tests.reply_cases import reply_table, with_calls


def metric(kind: str, **settings: Any) -> Metric:
    found = build("burnish.metrics", {"kind": kind, **settings})
    assert isinstance(found, Metric)
    return found


def value(kind: str, pairs: list[tuple[str, str]], **settings: Any) -> float:
    truths, answers = zip(*pairs, strict=True)
    return metric(kind, **settings).value(reply_table(truths, answers))


def test_nats_are_divided_once() -> None:
    """6 nats over 12 bytes and 4 tokens, and not the mean of rows; a row without learned tokens weighs nothing."""
    table = reply_table(["a"] * 3, ["b"] * 3, nats=[2, 4, 0], bytes=[8, 4, 0], tokens=[1, 3, 0])
    assert metric("bits_per_byte").value(table) == pytest.approx(0.5 / math.log(2))
    assert metric("perplexity").value(table) == pytest.approx(math.exp(1.5))
    endless = reply_table(["a"], ["b"], nats=[1e6])
    assert metric("perplexity").value(endless) == math.inf
    nowhere = reply_table(["a"], ["b"], nats=[math.nan], tokens=[0], bytes=[0])
    assert math.isnan(metric("bits_per_byte").value(nowhere))


@pytest.mark.parametrize(
    ("truth", "answer", "settings", "right"),
    [
        ("Yes.", " Yes.\n", {}, True),
        ("Yes.", "yes.", {}, False),
        ("Yes.", "yes.", {"ignore_case": True}, True),
        ("Yes.", "Yes", {"ignore_case": True}, False),
        ("Yes, it is.", "Yes it  is", {"ignore_punctuation": True}, True),
        ("是，可以。", "是 可以", {"ignore_punctuation": True}, True),
        ("a  b", "a b", {}, False),
        (with_calls("", ("f", {"a": 1, "b": 2})), with_calls("", ("f", {"b": 2, "a": 1.0})), {}, True),
        (with_calls("", ("f", {})), with_calls("So.", ("f", {})), {}, False),
        (with_calls("", ("f", {}), ("g", {})), with_calls("", ("g", {}), ("f", {})), {}, False),
    ],
)
def test_exact_match(truth: str, answer: str, settings: dict[str, Any], right: bool) -> None:
    assert value("exact_match", [(truth, answer)], **settings) == right


def test_labels_say_what_changes_the_figure() -> None:
    labels = [
        metric("exact_match", ignore_case=True, ignore_punctuation=True).label,
        metric("extracted_match", pattern="x", name="letter").label,
        metric("chrf", word_order=2).label,
        metric("repetition", order=3).label,
        metric("valid_json", json_schema={"type": "object"}).label,
        metric("mean_length", of="truths").label,
    ]
    assert labels == [
        "exact_match_ignoring_case_and_punctuation",
        "extracted_match_letter",
        "chrf++",
        "repetition_3",
        "valid_json_schema",
        "mean_length_of_truths",
    ]


@pytest.mark.parametrize(
    ("truth", "answer", "right"),
    [
        ("so #### 1,000", "it is\n#### 1000", True),
        ("#### 1000", "#### $1,000.0.", True),
        ("#### -5", "#### -$5", True),
        ("#### 0.5", "#### .50", True),
        ("#### 5", "#### 5 apples", False),
        ("#### 5", "5", False),
        ("#### 5", "#### 6 #### 5", True),
        ("#### 5", "#### 5\n#### 6", False),
        ("#### 10", "#### 1,0", False),
        ("#### Paris", "####  paris.", True),
        ("#### 5", "#### ", False),
        ("#### ...", "#### .", False),
        ("#### Heading\n#### 5 \n", "#### 5\nBye.", True),
    ],
)
def test_extracted_match(truth: str, answer: str, right: bool) -> None:
    assert value("extracted_match", [(truth, answer)]) == right


def test_replies_without_a_final_answer_are_left_out() -> None:
    heading = "#### Ingredients\nTwo eggs."
    pairs = [("#### 1", "#### 1"), ("#### 2", "#### 3"), ("a poem", "#### 1"), ("#### ", "x"), (heading, heading)]
    assert value("extracted_match", pairs) == 0.5
    assert math.isnan(value("extracted_match", pairs[2:]))
    assert value("extracted_match", [("I say (B).", "(A) or (B)"), ("(C)", "C")], pattern=r"\(([A-D])\)") == 0.5
    with pytest.raises(InputError, match="not a regular expression"):
        metric("extracted_match", pattern="(")


def test_chrf_is_of_the_corpus_and_counts_text_alone() -> None:
    """`abc` for `abd`: of the orders 1 to 3 that both have, 2 of 3, 1 of 2 and 0 of 1 n-grams are right."""
    assert value("chrf", [("abd", "abc")]) == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    with_call = with_calls("abd", ("f", {"long": "argument"}))
    assert value("chrf", [(with_call, "abc")]) == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert math.isnan(value("chrf", [(with_calls("", ("f", {})), "text")]))
    assert value("chrf", [("text", with_calls("", ("f", {})))]) == 0


def test_rouge_by_hand() -> None:
    """`the cat sat down` for `the cat lay down`: 3 of 4 words, 1 of 3 pairs, and a common subsequence of 3."""
    pair = ("The cat lay down.", "the cat sat, down")
    assert value("rouge", [pair], variant="rouge1") == pytest.approx(3 / 4)
    assert value("rouge", [pair], variant="rouge2") == pytest.approx(1 / 3)
    assert value("rouge", [pair]) == pytest.approx(3 / 4)
    assert value("rouge", [("a b c", "c b a")]) == pytest.approx(1 / 3)
    assert value("rouge", [("a b c", "c b a b a")], variant="rouge1") == pytest.approx(2 * 3 / 8)
    assert value("rouge", [pair, ("yes", "yes")], variant="rouge2") == pytest.approx(1 / 3)
    assert value("rouge", [("a b", "")]) == 0
    assert math.isnan(value("rouge", [("😀", "😀")]))


def test_words_in_scripts_with_and_without_spaces() -> None:
    assert bare_words("Don't go, Café-au-lait!") == ["don", "t", "go", "café", "au", "lait"]
    assert bare_words("你好，world हिन्दी สวัสดี") == ["你", "好", "world", "हिन्दी", "ส", "วั", "ส", "ดี"]
    assert bare_words("cafe\u0301 x_y") == ["cafe\u0301", "x", "y"]
    assert spaced_words("  Don't go.\n你好 ") == ["Don't", "go.", "你", "好"]
    assert spaced_words(" \n") == bare_words("") == []


def test_valid_json() -> None:
    pairs = [('{"a": 1}', '{"a": 2}'), ("[1]", "Sure: [1]"), ("[1]", '{"a": NaN}'), ("plain", '{"a": 1}'), ("7", "8")]
    assert value("valid_json", pairs) == pytest.approx(1 / 3)
    assert math.isnan(value("valid_json", pairs[3:]))
    assert math.isnan(value("valid_json", [(with_calls("", ("f", {})), "{}")])), "the form of calls is no JSON reply"
    assert value("valid_json", [("[1]", "[" * 100_000)]) == 0


def test_valid_json_fits_a_schema(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    pairs = [('{"n": 1}', '{"n": 2}'), ('{"n": 1}', '{"n": "2"}'), ('{"n": 1}', "[]"), ('{"n": 1}', '{"n": 2.0}')]
    (tmp_path / "s.json").write_text(json.dumps(schema))
    for given in (schema, json.dumps(schema), str(tmp_path / "s.json")):
        assert value("valid_json", pairs, json_schema=given) == 0.5
        assert metric("valid_json", json_schema=given).model_dump()["json_schema"] == schema
    for wrong, said in (
        ({"type": "thing"}, "no JSON schema"),
        ("nowhere.json", "cannot be read"),
        ("{", "is an object"),
    ):
        with pytest.raises(InputError, match=said):
            metric("valid_json", json_schema=wrong)
    with pytest.raises(InputError, match="which is not in it"):
        value("valid_json", pairs, json_schema={"$ref": "http://example.invalid/x"})


def test_tool_call_match() -> None:
    f, g = ("f", {"a": [1, True], "b": {"c": None}}), ("g", {})
    same = [
        (with_calls("Well.", f, g), with_calls("", g, ("f", {"b": {"c": None}, "a": [1.0, True]}))),
        (with_calls("", f), with_calls("", ("f", json.dumps(f[1])))),
        (with_calls("", g), with_calls("", ("g", None))),
        ("no calls", "none here"),
    ]
    other = [
        (with_calls("", f), with_calls("", f, f)),
        (with_calls("", ("f", {"a": 1})), with_calls("", ("f", {"a": True}))),
        (with_calls("", ("f", {"a": 1})), with_calls("", ("f", {"a": "1"}))),
        (with_calls("", f), "f()"),
        ("no calls", with_calls("", g)),
    ]
    wrong = (with_calls("", g), "")
    assert [value("tool_call_match", [pair, wrong], of="all") for pair in same] == [0.5] * len(same)
    assert [value("tool_call_match", [pair, wrong], of="all") for pair in other] == [0.0] * len(other)
    assert value("tool_call_match", same) == value("tool_call_match", [*same, other[-1]]) == 1
    assert value("tool_call_match", other) == 0
    for of in ("calls", "all"):
        assert math.isnan(value("tool_call_match", [("a", "a"), ("b", with_calls("", g))], of=of))


@pytest.mark.parametrize(
    "text",
    [
        '{"content": "a"}',
        '{"content": "a", "tool_calls": []}',
        '{"content": 1, "tool_calls": [{"name": "f"}]}',
        '{"content": "", "tool_calls": [{"arguments": {}}]}',
        '{"content": "", "tool_calls": [{"name": "f"}], "more": 1}',
        'say "tool_calls"',
    ],
)
def test_what_is_no_reply_with_calls_is_text(text: str) -> None:
    assert reply_of(text) == Reply(text)


def test_json_numbers_of_equal_value_are_equal() -> None:
    assert json_value("[1.0, 1e3, 0.5]") == [1, 1000, 0.5]
    assert json_value("null") is None
    for broken in ("", "{", "NaN", "[Infinity]", "[" * 100_000, "1" * 10_000):
        assert json_value(broken) is NO_JSON
    assert json_value("1e400") == math.inf


def test_columns_of_a_reply() -> None:
    """Bytes of the text, `é` two of them; a reply none of whose tokens is learned counts for nothing; baselines write none."""
    target, none = Response(), np.zeros(0, np.float32)
    said = Decoded("no", none, -1.0, "stop", 3)
    outcomes = [Outcome("dé", said, 2.0, 4.0), Outcome("cut away", replace(said, ended="length", written=8))]
    found = measured(target, outcomes)
    assert {name: values.tolist() for name, values in found.items()} == {
        "nats": [2, 0], "tokens": [4, 0], "bytes": [3, 0], "written": [3, 8], "stopped": [1, 0]
    }  # fmt: skip
    assert metric("bits_per_byte").value(reply_table(["dé", "cut away"], ["no"] * 2, **found)) == pytest.approx(
        2 / 3 / math.log(2)
    )
    unknown = measured(target, [Outcome("dé", Decoded("no", none))])
    assert math.isnan(metric("bits_per_byte").value(reply_table(["dé"], ["no"], **unknown)))
    assert math.isnan(unknown["stopped"][0])


def test_what_a_model_writes_may_be_nested_without_end() -> None:
    assert message_of("[" * 100_000).tool_calls == ""


def test_endings_lengths_and_loops() -> None:
    truths = ["one two three", "你好吗"]
    table = reply_table(truths, ["one two three four five", "a b c d a b c d"], stopped=[1, 0], written=[7, 20])
    assert metric("stop_rate").value(table) == 0.5
    assert metric("mean_length").value(table) == 6.5
    assert metric("mean_length", of="truths").value(table) == 3
    assert metric("mean_length", of="tokens").value(table) == 13.5
    assert metric("repetition").value(table) == pytest.approx(1 / 7), "2 + 5 runs of four, of which one came before"
    assert math.isnan(value("repetition", [("x", "a b c")]))
    unknown = reply_table(truths, ["a", "b"], stopped=[math.nan] * 2, written=[math.nan] * 2)
    assert math.isnan(metric("stop_rate").value(unknown))


HEADLINE = ("bits_per_byte", "exact_match", "extracted_match", "tool_call_match", "chrf")
PLAIN = [("ferries leave", "ferries go"), ("at nine sharp", "at ten"), ("Why not go now?", "Why not go now?")]


def plain(groups: list[str] | None = None) -> Predictions:
    truths, answers = zip(*PLAIN * 4, strict=True)
    return reply_table(truths, answers, groups)


def test_what_no_truth_has_stays_out_of_the_report() -> None:
    """Neither a final answer, nor JSON, nor calls: said once, and a figure nowhere; with one such truth all are there."""
    metrics = metrics_for(Response())
    found = scores(plain(), metrics, HEADLINE, seed=0, resamples=20)
    assert found["not_applied"] == ["extracted_match", "tool_call_match", "tool_call_match_of_all", "valid_json"]
    assert found["headline"] == ["bits_per_byte", "exact_match", "chrf"]
    assert not set(found["not_applied"]) & set(found["metrics"])
    text = "\n".join([*headline(found, {}), *other_metrics(found)])
    assert "n/a" not in text
    assert "Left out, because no label of these examples has what they look at: `extracted_match`, `tool" in text
    assert "| `mean_length` " in text
    assert "`mean_length` (lower is better)" not in text
    assert "`bits_per_byte` (lower is better)" in text
    everything = reply_table(["so #### 1", "{}", with_calls("", ("f", {}))], ["", "", ""])
    full = scores(everything, metrics, HEADLINE, seed=0, resamples=20)
    assert not full["not_applied"]
    assert full["metrics"]["valid_json"]["rows"] == full["metrics"]["extracted_match"]["rows"] == 1
    assert figure(full, "extracted_match") == "extracted match 0.000 (95 % CI 0.000–0.975, n = 1)"
    assert "| `extracted_match` (of 1 example) " in "\n".join(headline(full, {}))
    blank = reply_table([None], ["a"])
    assert scores(blank, metrics, HEADLINE, seed=0, resamples=20)["metrics"]["valid_json"]["value"] is None


def test_a_perfect_share_has_the_exact_interval_of_the_rows_it_judges() -> None:
    """Clopper and Pearson: of two judged rows among three, and of one group."""
    truths = ["#### 1", "#### 2", "text"]
    found = bootstrap(metric("extracted_match"), reply_table(truths, truths), resamples=50, seed=0)
    assert (found.low, found.high) == (pytest.approx(0.025**0.5), 1.0)
    grouped = bootstrap(metric("extracted_match"), reply_table(truths, truths, ["a", "a", "b"]), resamples=50, seed=0)
    assert grouped.low == pytest.approx(0.025)


def test_two_models_are_compared_row_by_row_and_group_by_group() -> None:
    """Answers of another model to the same rows; intervals of whole groups are wider where groups hang together."""
    truths = [f"word {i} and so on #### {i}" for i in range(40)]
    groups = [f"g{i // 10}" for i in range(40)]
    good = [t if i % 10 < 8 else "nothing #### x" for i, t in enumerate(truths)]
    bad = [t if i < 10 else "nothing #### x" for i, t in enumerate(truths)]
    first = reply_table(truths, good, groups, nats=np.full(40, 1.0), stopped=np.ones(40))
    second = reply_table(truths, bad, groups, nats=np.full(40, 2.0), stopped=np.zeros(40))
    shuffled = second.take(np.random.default_rng(0).permutation(40))
    metrics = metrics_for(Response())
    found = paired_differences(metrics, first, shuffled, resamples=200, seed=0)
    assert found["exact_match"].value == pytest.approx(0.8 - 0.25)
    assert found["extracted_match"].value == pytest.approx(0.8 - 0.25)
    assert found["bits_per_byte"].value == pytest.approx(-1 / math.log(2))
    assert found["stop_rate"].value == 1
    better = {label for label, difference in found.items() if difference.better}
    assert {"bits_per_byte", "perplexity", "stop_rate"} <= better
    assert found["exact_match"].grouped
    assert found["mean_length"].better is None
    assert found["mean_length"].value != 0
    alone = paired_differences(
        [metric("exact_match")], *(reply_table(truths, a) for a in (good, bad)), resamples=200, seed=0
    )["exact_match"]
    assert alone.better
    assert found["exact_match"].high - found["exact_match"].low > alone.high - alone.low


def test_settings_of_metrics_are_written_into_a_recipe_and_read_back() -> None:
    """A schema is in it whole, so that a run needs no file of it later."""
    chosen = [
        {"kind": "valid_json", "json_schema": '{"type": "object", "properties": {"a": {"pattern": "^#: x$"}}}'},
        {"kind": "extracted_match", "pattern": r"\(([A-D])\)", "name": "choice"},
    ]
    recipe = Recipe.load({"data": "x.csv", "metrics": chosen})
    assert Recipe.load(loads(commented(recipe))).metrics == recipe.metrics
