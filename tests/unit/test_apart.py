"""Rows that several splits hold: who keeps them, what is said, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from burnish.core.errors import InputError
from burnish.data.apart import Shared, apart
from burnish.data.looking.audit import DataRefused, require_known
from burnish.data.looking.audit.shared import figures, left_out
from burnish.data.table import Part, Table
from burnish.inputs.tokens import Tokens
from burnish.recipe.recipe import Recipe
from burnish.stages.prepare.dividing import divided
from tests.data_cases import label_target, table, text_input


def rows(*texts: str, label: str = "a", **more: Any) -> list[dict[str, Any]]:
    """One row a text."""
    return [{"text": text, "label": label, **more} for text in texts]


def named(prefix: str, count: int) -> list[str]:
    """Different texts."""
    return [f"{prefix} {i}" for i in range(count)]


def whole(data: list[dict[str, Any]], path: str) -> Part:
    """All rows of a file of their own."""
    made = table(data, path)
    made = replace(made, origins=(replace(made.origins[0], sha256=path),))
    return Part(made, np.arange(len(made)))


def three(train: list[str], validation: list[str], test: list[str]) -> dict[str, Part]:
    """Three files."""
    given = {"train": train, "validation": validation, "test": test}
    return {name: whole(rows(*texts), f"{name}.csv") for name, texts in given.items() if texts}


def test_a_row_stays_in_the_last_split_that_has_it() -> None:
    """Training gives way to both, validation to the test, the test to none; outer space is not seen, case is."""
    made = three(
        ["both ", "in test", "in validation", "Own", *named("t", 40)],
        ["both", "in validation", *named("v", 9)],
        ["both", "in test", "own", *named("x", 9)],
    )
    kept, found = apart(made, text_input())
    assert kept["train"].rows.tolist() == list(range(3, 44))
    assert kept["validation"].rows.tolist() == list(range(1, 11))
    assert kept["test"] is made["test"]
    assert {s.code: s.rows.tolist() for s in found} == {
        "test_rows_in_train": [0, 1],
        "validation_rows_in_train": [0, 2],
        "test_rows_in_validation": [0],
    }


def test_what_was_left_out_is_named_with_file_and_row() -> None:
    """In the finding, up to twenty; in the figures, all; and how many have another label there."""
    made = {
        "train": whole(rows("x 0", "x 1", "x 0", *named("t", 40)), "train.csv"),
        "test": whole([*rows("x 1"), *rows("x 0", label="b")], "test.csv"),
    }
    _, found = apart(made, text_input())
    (finding,) = left_out(found, made, text_input(), label_target("a", "b"))
    assert (finding.code, finding.severity, finding.count) == ("test_rows_in_train", "warning", 3)
    assert finding.message == (
        "3 of 43 train examples are also in test (2 of 2 test examples), 2 of them with another 'label'; "
        "they are left out of training (`allow: [test_rows_in_train]` keeps them)"
    )
    assert [(r.place, r.detail, r.text) for r in finding.rows] == [
        ("train.csv, row 1", "like test.csv, row 2 in test", "x 0"),
        ("train.csv, row 2", "like test.csv, row 1 in test", "x 1"),
        ("train.csv, row 3", "like test.csv, row 2 in test", "x 0"),
    ]
    assert figures(found, made) == [
        {"split": "train", "also_in": "test", "by": "content", "count": 3, "rows": {"train.csv": [1, 2, 3]}}
    ]


def test_missing_texts_are_equal_to_nothing() -> None:
    made = three(["", " ", *named("t", 8)], [], ["", *named("x", 3)])
    assert apart(made, text_input())[1] == []


@pytest.mark.parametrize("shared", [4, 5])
def test_a_tenth_of_training_may_go_and_not_more(shared: int) -> None:
    """Above that the files were mixed up; nothing is left out then, and the override keeps the rows."""
    made = three(named("t", 40), named("v", 5), named("t", shared))
    kept, found = apart(made, text_input())
    if shared == 4:
        assert len(kept["train"]) == 36
        return
    with pytest.raises(DataRefused) as caught:
        left_out(found, made, text_input(), label_target("a"))
    said = str(caught.value)
    assert (
        "5 of 40 train examples are also in test (5 of 5 test examples), and more than 10% of the train examples would go"
        in said
    )
    assert "allow: [test_rows_in_train]" in said
    assert "train.csv, row 1: like test.csv, row 1 in test" in said
    kept, found = apart(made, text_input(), allow=["test_rows_in_train"])
    assert (len(kept["train"]), found) == (40, [])


@pytest.mark.parametrize("pair", [("train", "test"), ("train", "validation"), ("validation", "test")])
def test_one_file_for_two_splits_is_refused(pair: tuple[str, str]) -> None:
    """Whatever its name: what is in it counts."""
    made = three(named("t", 400), named("v", 400), named("x", 400))
    one, other = pair
    copied = made[one].table
    again = Table(copied.arrow, (replace(copied.origins[0], path="copy.csv"),))
    made[other] = Part(again, made[one].rows)
    _, found = apart(made, text_input())
    with pytest.raises(DataRefused, match=rf"{one}.csv is given for {one} and for {other}"):
        left_out(found, made, text_input(), label_target("a"))
    assert apart(made, text_input(), allow=[f"{other}_rows_in_{one}"])[1] == []


def test_validation_may_lose_half() -> None:
    """It only chooses; it is still refused where hardly anything would be left to choose by."""
    made = three(named("t", 40), [*named("x", 5), *named("v", 5)], named("x", 40))
    kept, _ = apart(made, text_input())
    assert len(kept["validation"]) == 5
    made = three(named("t", 40), [*named("x", 6), *named("v", 5)], named("x", 40))
    kept, found = apart(made, text_input())
    assert (len(kept["validation"]), found[0].refused) == (11, "more than 50% of the validation examples would go")


def test_a_large_training_file_that_contains_the_test() -> None:
    """All test rows are in it, and few of its own: it goes on without them."""
    made = three(named("t", 400), [], named("t", 20))
    kept, found = apart(made, text_input())
    assert kept["train"].rows.tolist() == list(range(20, 400))
    assert found[0].matched == 20


def test_pairs_and_words() -> None:
    """Both texts of a pair count, and every word of a sentence."""
    pairs = {
        name: whole([{"a": a, "b": b, "label": "x"} for a, b in own], f"{name}.csv")
        for name, own in {"train": [("p", "q"), ("p", "r"), *zip("abcdefghij", "k" * 10)], "test": [("p", "q")]}.items()  # noqa: B905
    }
    assert apart(pairs, text_input("a", "b"))[0]["train"].rows.tolist() == list(range(1, 12))
    words = {
        name: whole([{"tokens": own, "tags": ["O"] * len(own)} for own in listed], f"{name}.jsonl")
        for name, listed in {"train": [["-"], ["a", "b"], *([f"w{i}"] for i in range(9))], "test": [["-"]]}.items()
    }
    assert apart(words, Tokens(column="tokens"))[0]["train"].rows.tolist() == list(range(1, 11))


def test_groups_of_given_files() -> None:
    """A customer of the test is not trained on; rows that have no customer are not one."""
    made = {
        "train": whole(
            [*rows("a", "b", who="ann"), *rows(*named("t", 30), who="bob"), *rows("c", "d", who="")], "train.csv"
        ),
        "test": whole([*rows("e", "f", who="ann"), *rows("g", who="")], "test.csv"),
    }
    kept, found = apart(made, text_input(), group="who")
    assert kept["train"].rows.tolist() == list(range(2, 34))
    (finding,) = left_out(found, made, text_input(), label_target("a"))
    assert finding.code == "test_groups_in_train"
    assert "2 of 34 train examples are also in test by their 'who' (2 of 3 test examples)" in finding.message
    assert apart(made, text_input(), group="who", allow=["test_groups_in_train"])[1] == []


def test_groups_of_made_splits_are_the_business_of_the_split() -> None:
    """Whoever chooses another split than `grouped` for one file has chosen that groups are shared."""
    made = table(rows(*named("t", 20), who="ann"))
    parts = {"train": Part(made, np.arange(10)), "test": Part(made, np.arange(10, 20))}
    assert apart(parts, text_input(), group="who")[1] == []


def test_divided_tables_are_learned_from_without_shared_rows() -> None:
    """Names, classes and steps see the rows that are left; with `keep`, as burnish 0.7.0 had it."""
    train = table([*rows("only here", label="rare"), *rows(*named("t", 40)), *rows(*named("u", 40), label="b")])
    tables = {"train": train, "test": whole(rows("only here", "x"), "test.csv").table}
    recipe = Recipe.load({"data": "t.csv", "model": "starter"})
    made = divided(tables, recipe, text_input(), label_target())
    together = np.concatenate([made.parts["train"].rows, made.parts["validation"].rows])
    assert sorted(together.tolist()) == list(range(1, 81))
    assert sum(made.left_out.values()) == 1
    assert made.findings[0].severity == "warning"
    old = divided(tables, recipe, text_input(), label_target(), keep=True)
    assert sum(len(old.parts[name]) for name in ("train", "validation")) == 81
    assert old.findings == ()


def test_a_group_that_only_one_table_has_is_no_error() -> None:
    made = {"train": whole(rows(*named("t", 9), who="ann"), "a.csv"), "test": whole(rows("x"), "b.csv")}
    assert apart(made, text_input(), group="who")[1] == []


def test_codes() -> None:
    """They are the names of the findings."""
    some = Shared("validation", "test", "who", np.zeros(1, int), np.zeros(1, int), 1, 9)
    assert some.code == "test_groups_in_validation"
    with pytest.raises(InputError, match="did you mean 'test_groups_in_train'"):
        require_known(["test_group_in_train"])
