"""Rows beside a trained model whose columns are called otherwise: named by options, said with the option where they are not."""

from __future__ import annotations

from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.inputs.text import Text
from burnish.stages.given_columns import GivenColumns
from burnish.stages.prepare.splits import read_given
from burnish.targets.label import Label

ONE, PAIR = Text(columns=["text"]), Text(columns=["question", "passage"])


@pytest.mark.parametrize(
    ("given", "columns", "fix"),
    [
        (GivenColumns.of(ONE, "label"), ("text", "lable"), "did you mean 'lable'? Then name it: --target lable"),
        (GivenColumns.of(ONE, "label"), ("txt", "label"), "did you mean 'txt'? Then name it: --input txt"),
        (GivenColumns.of(ONE), ("review",), "add it, or name the column that holds it: --input COLUMN"),
        (GivenColumns.of(PAIR), ("question", "pasage"), "Then name it: --input question --input pasage"),
        (GivenColumns.of(PAIR), ("qestion", "passage"), "Then name it: --input qestion --input passage"),
        (GivenColumns.of(ONE, input_columns=["reveiw"]), ("review",), "Then name it: --input review"),
        # A column that the model knows already is not offered for another one.
        (GivenColumns.of(ONE, "text2"), ("text",), "add it, or name the column that holds it: --target COLUMN"),
    ],
)
def test_a_missing_column_is_said_with_the_option_that_names_it(
    given: GivenColumns, columns: tuple[str, ...], fix: str
) -> None:
    with pytest.raises(InputError, match="there is no column") as refused:
        given.require(columns, place="new.csv")
    assert refused.value.fix.endswith(fix)
    assert refused.value.place == "new.csv"


def test_rows_hold_what_the_model_reads_beside_their_own() -> None:
    given = GivenColumns.of(PAIR, input_columns=["a", "question"])
    given.require(("question", "a", "id"), place="")
    row = {"question": "the passage", "a": "the question", "id": 3}
    assert given.rows([row]) == [{**row, "question": "the question", "passage": "the passage"}]


def test_a_table_is_renamed_and_what_is_in_the_way_goes() -> None:
    rows: list[dict[str, Any]] = [
        {"label": "the text", "text": "yes", "id": "7"},
        {"label": "x", "text": "no", "id": "8"},
    ]
    swapped = GivenColumns.of(ONE, "label", input_columns=["label"], target_column="text")
    table = read_given(rows, Label(column="label"), swapped)
    assert table.arrow.to_pylist()[0] == {"text": "the text", "label": "yes", "id": "7"}
    review = GivenColumns.of(ONE, "label", input_columns=["id"])
    assert read_given(rows, Label(column="label"), review).arrow.to_pylist()[0] == {"label": "the text", "text": "7"}


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ({"input_columns": ["a", "b"]}, "found 2 --input columns"),
        ({"input_columns": ["a"], "target_column": "a"}, "column 'a' is named twice"),
        ({"target_column": "text"}, "column 'text' is named twice"),
    ],
)
def test_names_that_cannot_be_meant_are_refused(named: dict[str, Any], found: str) -> None:
    with pytest.raises(InputError, match=found):
        GivenColumns.of(ONE, "label", **named)
