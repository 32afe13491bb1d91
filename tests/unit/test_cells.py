"""What a cell may hold where a text is read."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.inputs._cells import as_text, as_words
from burnish.targets.label import Label
from burnish.targets.labels import Labels


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (" a", " a"), (5, "5"), (True, "True"), (date(2026, 1, 2), "2026-01-02")]
)
def test_plain_values_are_read_as_they_are_written(value: Any, text: str) -> None:
    assert as_text(value, "text") == text


@pytest.mark.parametrize("value", [["a"], ("a",), {"a": 1}, b"a"])
def test_what_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(InputError, match=r"column 'text' holds .* no text"):
        as_text(value, "text")


@pytest.mark.parametrize(
    ("value", "words"), [(None, []), ("a  b", ["a", "b"]), (["a b", None, 5], ["a b", "", "5"]), ([], [])]
)
def test_words_are_a_list_or_a_text(value: Any, words: list[str]) -> None:
    assert as_words(value, "words") == words


@pytest.mark.parametrize("value", [5, {"a": 1}, b"a b", [["a"]]])
def test_what_is_no_list_of_words_is_refused(value: Any) -> None:
    with pytest.raises(InputError, match="column 'words' holds"):
        as_words(value, "words")


@pytest.mark.parametrize("value", [["a"], {"a": 1}, b"a"])
def test_a_label_is_one_plain_value(value: Any) -> None:
    with pytest.raises(InputError, match="no label"):
        Label(column="label").learned(["b", value])


def test_labels_are_plain_values_and_a_list_is_never_cut_at_the_separator() -> None:
    assert Labels(column="labels").learned([["a|b"], "c|d", None]).labels == ["a|b", "c", "d"]
    for value in ({"a": 1}, [["a"]], [{"name": "a"}]):
        with pytest.raises(InputError, match="no label"):
            Labels(column="labels").learned([["b"], value])
