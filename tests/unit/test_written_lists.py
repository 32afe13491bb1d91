"""Lists that a table holds as text are read back as lists, whoever wrote them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish.core.written_lists import are_written_lists, as_list, written_list

WORDS = st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=6), max_size=5)


@given(WORDS)
def test_what_python_and_json_write_is_read_back(values: list[str]) -> None:
    """Quotes, commas and brackets inside the values included."""
    assert written_list(str(values)) == values
    assert written_list(json.dumps(values)) == values
    assert written_list(json.dumps(values, ensure_ascii=False)) == values
    assert written_list(str(tuple(values))) == values


@given(st.lists(st.text("ab ,'\"[](){}é", min_size=1, max_size=5), max_size=40))
def test_what_numpy_writes_is_read_back(values: list[str]) -> None:
    """Values without commas between them, over several lines."""
    assert written_list(str(np.array(values, object))) == values
    assert written_list(repr(np.array(values, object))) == values


@given(st.lists(st.integers(-5, 5) | st.booleans() | st.sampled_from([0.0, 1.0, 2.5]), max_size=30))
def test_numbers_are_read_back(values: list[Any]) -> None:
    assert written_list(str(values)) == values
    whole = [int(v) for v in values]
    assert written_list(str(np.array(whole, int))) == whole
    assert written_list(str(np.array(whole, float))) == whole


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{'a'}", ["a"]),
        ("set()", []),
        ("frozenset({'a'})", ["a"]),
        ("[np.str_('a'), np.str_('b')]", ["a", "b"]),
        ("array(['a', 'b'], dtype='<U1')", ["a", "b"]),
        (" [ 'a' ,\n 'b', ] ", ["a", "b"]),
        ('["a", null, NaN]', ["a", None, None]),
        ("[a, b]", ["a", "b"]),
        ("{a,b}", ["a", "b"]),
        ("[0 1 0 ... 1]", None),
        ("[['a'], ['b']]", None),
        ("['don't', 'b']", None),
        ("['a' 'b', 'c']", None),
        ("['a'", None),
        ("a, b", None),
        ('{"a": 1}', None),
    ],
)
def test_lists_by_hand(text: str, values: list[Any] | None) -> None:
    assert as_list(text) == values


@pytest.mark.parametrize(
    ("cells", "lists"),
    [
        (["['a']", "plain"], True),
        (["[a, b]", "[a]"], True),
        (["[x]", "[y]"], False),
        (["(see below)", "good"], False),
        (["[a, b] and more", "[a]"], False),
        (["[0 1]", "[1 0]"], True),
        (["[0 ... 1]"], True),
        ([None, ""], False),
        ([1, 2], False),
    ],
)
def test_columns_of_lists_are_told_from_names_in_brackets(cells: list[Any], lists: bool) -> None:
    assert are_written_lists(cells) == lists
