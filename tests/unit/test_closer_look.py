"""A closer look at rows: leaks, personal data, groups, sounds that are alike, and the time that it may take."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from burnish.data.looking.audit import Audit, Finding, examine
from burnish.data.looking.closer import groups, leaks, personal, reworded
from burnish.data.looking.closer.classes import Classes
from burnish.data.looking.closer.clock import Clock
from burnish.data.looking.closer.facts import Fact
from burnish.data.looking.closer.leaks import matthews, terms_of, told_by
from burnish.data.looking.closer.sounds_alike import similar
from burnish.data.table import Part
from burnish.media.picture.borders import edge_facts
from burnish.media.sound.fingerprint import fingerprint, values_of
from burnish.media.text.personal import personal as personal_in
from tests.data_cases import label_target, table, text_input

WORDS = ["ferry", "island", "harbour", "storm", "ticket", "captain", "light", "deck", "rope", "sail", "anchor", "tide"]


def rows(count: int, seed: int, **more: Any) -> list[dict[str, Any]]:
    """Random texts of two classes that no word tells."""
    draw = random.Random(seed)
    made = []
    for number in range(count):
        text = " ".join(draw.choice(WORDS) for _ in range(8))
        made.append({"text": f"{text} {number} {seed}", "label": "ab"[number % 2], **more})
    return made


def looked_at(train: Any, test: Any = (), *closer: Any) -> Audit:
    """Examined with these closer looks alone."""
    made = {"train": table(train, "train.csv")}
    if test:
        made["test"] = table(test, "test.csv")
    parts = {name: Part(one, np.arange(len(one))) for name, one in made.items()}
    return examine(parts, text_input(), label_target("a", "b"), closer=closer)


def only(found: Audit, code: str) -> Finding:
    (finding,) = found.find(code)
    return finding


def leak() -> Any:
    return leaks.looker(Clock(60), 0)


def test_no_word_tells_random_labels() -> None:
    found = looked_at(rows(400, 1), (), leak())
    assert not found.find("target_leakage")
    assert all(abs(told["correlation"]) < 0.5 for told in found.figures["told_by_one_thing"])


def test_a_word_in_nearly_all_texts_of_a_class_is_a_leak() -> None:
    made = rows(400, 1)
    for row in made[1::2][:195]:  # 195 of 200
        row["text"] = f"{row['text']} zqv end"
    findings = looked_at(made, (), leak()).find("target_leakage")
    assert {finding.severity for finding in findings} == {"warning"}
    said = " ".join(finding.message for finding in findings)
    assert all(words in said for words in ("the word 'zqv'", "the word 'end'", "the last word 'end'", "label 'b'"))


def test_the_length_of_texts_is_a_leak() -> None:
    made = rows(400, 1)
    for row in made[::2]:
        row["text"] = row["text"] + " and" * 40
    messages = [finding.message for finding in looked_at(made, (), leak()).find("target_leakage")]
    assert any("the length in characters" in message for message in messages)


def test_a_column_that_is_not_read_is_a_note() -> None:
    made = [{**row, "source": {"a": "phone", "b": "desk"}[row["label"]]} for row in rows(400, 1)]
    finding = only(looked_at(made, (), leak()), "target_leakage_beside")
    assert finding.severity == "note"
    assert "column 'source'" in finding.message


def test_matthews_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import matthews_corrcoef

    draw = np.random.default_rng(0)
    true, said = draw.random(300) < 0.3, draw.random(300) < 0.4
    said |= true & (draw.random(300) < 0.7)
    mine = matthews(true.sum(), said.sum(), (true & said).sum(), 300)
    assert float(mine) == pytest.approx(matthews_corrcoef(true, said))


def test_a_fact_that_differs_by_chance_tells_nothing_of_rows_it_was_not_learned_from() -> None:
    draw = np.random.default_rng(0)
    members = (np.arange(600) % 2 == 0)[None]
    classes = Classes(("a",), members, np.ones(600, np.bool_))
    fact = Fact("noise", draw.normal(size=600), np.ones(600, np.bool_))
    told = told_by(fact, classes, 0)
    assert told is not None
    assert abs(told.correlation) < 0.2


def test_first_and_last_words_are_terms_of_their_own() -> None:
    assert terms_of("Re: tickets") == {"re", "tickets", "^re", "tickets$"}


def test_a_border_shows_in_the_edges_and_nowhere_else() -> None:
    picture = np.random.default_rng(0).integers(0, 200, (96, 96)).astype(np.uint8)
    framed = picture.copy()
    framed[:4], framed[-4:], framed[:, :4], framed[:, -4:] = 255, 255, 255, 255
    plain, marked = edge_facts(picture), edge_facts(framed)
    assert marked["border grey"] == 255.0
    assert marked["border spread"] == 0.0
    assert plain["border spread"] > 40
    inner = picture.copy()
    inner[40:50, 40:50] = 255
    assert edge_facts(inner) == plain


def test_a_picture_of_one_pixel_has_edges() -> None:
    assert edge_facts(np.array([[7]], np.uint8))["border grey"] == 7.0


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to anna.b+c@example.co.uk today", "e-mail addresses"),
        ("call +44 20 7946 0958 now", "telephone numbers"),
        ("call 020 7946 0958", "telephone numbers"),
        ("手机13812345678", "Chinese mobile numbers"),
        ("card 4111 1111 1111 1111", "payment cards"),
        ("pay to DE89 3704 0044 0532 0130 00", "bank accounts (IBAN)"),
        ("身份证11010519491231002X", "Chinese resident numbers"),
        ("ssn 078-05-1120", "US social security numbers"),
        ("from 192.0.2.44", "internet addresses of machines"),
    ],
)
def test_personal_data_is_counted(text: str, kind: str) -> None:
    assert personal_in(text) == {kind: 1}


@pytest.mark.parametrize(
    "text",
    ["card 4111 1111 1111 1112", "DE89 3704 0044 0532 0130 01", "110105194912310021", "version 1.2.3", "in 1999 and 2001",
     "a@b", "127.0.0.1", "999.1.1.1", "078-00-1120", ""],
)  # fmt: skip
def test_numbers_that_fail_their_check_are_none(text: str) -> None:
    assert personal_in(text) == {}


def test_personal_data_is_named_without_its_text() -> None:
    made = [*rows(20, 1), {"text": "mail bob@example.org", "label": "a"}]
    found = looked_at(made, (), personal.looker(Clock(60)))
    finding = only(found, "personal_data")
    assert (finding.count, finding.rows[0].place, finding.rows[0].text) == (1, "train.csv, row 21", "")
    assert "bob" not in found.to_json()
    assert found.figures["personal_data"]["train"] == {"e-mail addresses": 1}


def test_texts_in_nearly_the_same_words_across_splits_and_inside_one() -> None:
    text = "the ferry to the outer island leaves the harbour at nine in the morning"
    train = [*rows(30, 1), {"text": text, "label": "a"}, {"text": text.replace("nine", "ten"), "label": "a"}]
    test = [*rows(10, 2), {"text": text.replace("outer", "inner"), "label": "a"}, {"text": text.upper(), "label": "a"}]
    found = looked_at(train, test, reworded.looker(0.7, Clock(60)))
    across, inside = only(found, "reworded_test_rows_in_train"), found.find("reworded_duplicates")[0]
    assert [row.place for row in across.rows] == ["test.csv, row 11", "test.csv, row 12"]
    assert ["train.csv, row 31" in row.detail for row in across.rows] == [True, False]  # equal but for case: not twice
    assert inside.rows[0].place == "train.csv, row 32"
    assert only(found, "near_test_rows_in_train").rows[0].place == "test.csv, row 12"
    named = {(one.issue, one.part, one.position) for one in found.suspects}
    assert ("reworded_test_rows_in_train", "test", 10) in named


def test_groups_by_a_column_whose_name_says_so() -> None:
    train = [{**row, "author_id": f"u{number % 12}"} for number, row in enumerate(rows(60, 1))]
    test = [{**row, "author_id": f"u{number % 20}"} for number, row in enumerate(rows(60, 2))]
    finding = only(looked_at(train, test, groups.looker(None)), "test_groups_shared_with_train")
    assert finding.message.startswith("12 of 20 groups of test (36 of 60 rows)")


def test_what_there_is_no_time_for_is_left_out_and_said() -> None:
    clock = Clock(5, now=iter([0.0, 6.0, 6.0]).__next__)
    found = looked_at(rows(30, 1), (), clock.timed("leaks", leak()))
    assert "leaks were not looked for: the 5 s of audit.seconds were over" in only(found, "not_looked_for").message


def sound(seed: int, rate: int = 8000) -> np.ndarray[Any, Any]:
    """A second of tones that come and go."""
    draw, time = np.random.default_rng(seed), np.arange(rate) / rate
    tones = [
        np.sin(2 * np.pi * draw.uniform(200, 3000) * time) * np.interp(time, np.linspace(0, 1, 6), draw.random(6))
        for _ in range(5)
    ]
    return np.sum(tones, axis=0).astype(np.float32) / 5


def prints(*sounds: Any) -> np.ndarray[Any, Any]:
    values = np.stack([values_of(fingerprint(*one)) for one in sounds]).astype(np.float32)
    values -= values.mean(axis=1, keepdims=True)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def test_a_sound_that_is_softer_or_has_silence_around_it_is_alike_and_another_is_not() -> None:
    wave = sound(0)
    quiet = np.concatenate([np.zeros(800, np.float32), 0.3 * wave, np.zeros(400, np.float32)])
    made = prints((wave, 8000), (quiet, 8000), (sound(1), 8000), (sound(2), 8000))
    found = similar(made, np.arange(1, 5, dtype=np.uint64), Clock(60), 0.95)
    assert found is not None
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == [(0, 1)]


def test_equal_sounds_are_no_near_ones_and_silence_is_like_nothing() -> None:
    wave = sound(0)
    assert fingerprint(np.zeros(800, np.float32), 8000) == ""
    made = prints((wave, 8000), (wave, 8000))
    found = similar(made, np.array([7, 7], np.uint64), Clock(60))
    assert found is not None
    assert len(found) == 0
