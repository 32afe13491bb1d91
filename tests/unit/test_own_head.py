"""Names of a checkpoint's head and those of the data, and what the head's probabilities become."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from burnish.evaluation.own_head import matched, of_own_head
from burnish.models._label_names import stored_label_names
from tests.prediction_cases import table


def test_names_match_without_case_and_order() -> None:
    assert matched(["Positive", "NEGATIVE ", "neutral"], ["negative", "positive"]) == [1, 0]


@pytest.mark.parametrize(
    ("theirs", "ours", "said"),
    [
        (["a", "b"], ["a", "c", "d"], "2 of 3 labels that are none of them: 'c', 'd'"),
        (["a", "A"], ["a"], "two outputs alike but for case"),
        (["a", "b"], ["a", "A"], "two labels of the data differ in case alone"),
    ],
)
def test_why_names_do_not_match(theirs: list[str], ours: list[str], said: str) -> None:
    assert said in str(matched(theirs, ours))


def test_probabilities_of_other_names_are_left_out() -> None:
    """By hand: 0.6 and 0.2 of three become 0.75 and 0.25; a row with nothing on our names is undecided."""
    like = table("label", ["no", "yes"], ["no", "no"], [], ["no", "yes"])
    given = np.array([[0.2, 0.2, 0.6], [1.0, 0.0, 0.0]])
    found = of_own_head(given, [1, 2], like, "as it was")
    np.testing.assert_allclose(found.predictions.probabilities, [[0.25, 0.75], [0.5, 0.5]], atol=1e-6)
    assert found.predictions.answer == ["yes", "no"]
    assert found.note == "as it was; 1 of its 3 names are not in the data and are left out"


def test_sets_keep_their_probabilities() -> None:
    like = table("labels", [["no"], []], [[], []], [], ["no", "yes"])
    found = of_own_head(np.array([[0.4, 0.9], [0.2, 0.1]]), [1, 0], like, "", least=lambda name: 0.3)
    assert found.predictions.answer == [["no", "yes"], []]
    np.testing.assert_allclose(found.predictions.probabilities, [[0.9, 0.4], [0.1, 0.2]], atol=1e-6)


def test_names_in_the_configuration(tmp_path: Path) -> None:
    """By the number of the output; names that the library numbered are none; a file that is no JSON names nothing."""
    for config, names in (
        ({"id2label": {"10": "c", "2": "b", "0": "a"}}, ("a", "b", "c")),
        ({"label_names": ["x", "y"]}, ("x", "y")),
        ({"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}, ()),
        ({}, ()),
        ([], ()),
    ):
        (tmp_path / "config.json").write_text(json.dumps(config))
        assert stored_label_names(tmp_path) == names
    (tmp_path / "config.json").write_text("{")
    assert stored_label_names(tmp_path) == ()
