"""Nearest training examples: against scikit-learn, in bounded memory, and as the reports show them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.neighbors import NearestNeighbors

from burnish.evaluation.mistakes import mistakes
from burnish.evaluation.nearest import BLOCK, nearest
from burnish.report.mistakes import listed
from burnish.report.neighbours import Neighbour
from burnish.report.page.cards.sound import moments
from burnish.report.page.page import page
from tests import page_cases
from tests.page_cases import contents
from tests.prediction_cases import label_table


def test_as_scikit_learn_finds_them() -> None:
    """Several blocks, in any order; of equal ones the first."""
    draw = np.random.default_rng(0)
    learned, asked = draw.normal(size=(2 * BLOCK + 17, 8)).astype(np.float32), draw.normal(size=(5, 8))
    distances, expected = NearestNeighbors(n_neighbors=4, metric="cosine").fit(learned).kneighbors(asked)
    order = draw.permutation(len(learned)).tolist()
    places, cosines = nearest(((i, learned[i]) for i in order), asked, 4)
    assert places.tolist() == expected.tolist()
    np.testing.assert_allclose(cosines, 1 - distances, atol=1e-6)
    same, ones = nearest(((i, np.ones(3)) for i in (7, 5, 9)), np.full((1, 3), 2.0), 2)
    assert same.tolist() == [[5, 7]]
    np.testing.assert_allclose(ones, 1.0)


def test_fewer_than_asked_and_nothing_to_compare() -> None:
    places, cosines = nearest([(3, np.zeros(2))], np.array([[1.0, 0.0]]), 5)
    assert places.tolist() == [[3]]
    assert cosines.tolist() == [[0.0]]
    assert nearest([], np.ones((2, 2)), 3)[0].shape == (2, 0)


def neighbours(row: int) -> dict[int, list[Neighbour]]:
    first = Neighbour(
        "/home/ann/train.csv, row 8", "class 1", "my parcel <b>is late</b>", 0.9312, page_cases.picture(1)
    )
    return {row: [first, Neighbour("/home/ann/train.csv, row 9", "class 2", "another", -0.5)]}


def test_the_reports_show_them() -> None:
    """Label, cosine and text, harmless; words by their effect in report.md; nothing private of the folder in the page."""
    known = label_table(60, 3)
    worst = mistakes(known)[0][0]
    near = neighbours(worst.row)
    effects: dict[int, Any] = {worst.row: [(0, 2, 0.25), (3, 9, -0.5)]}
    lines = "\n".join(listed(known, lambda row: "my parcel", None, "test", near, effects.get))
    assert "nearest in training (0.93): label `class 1`, my parcel &lt;b&gt;is late&lt;/b&gt;" in lines
    assert "most effect on the prediction: `parcel` -0.50, `my` +0.25" in lines
    html = page(replace(contents(known), nearest=near))
    card = html[html.index('<ul class="near">') :].partition("</ul>")[0]
    assert '<b class="num">0.93</b>' in card
    assert "&lt;b&gt;is late" in card
    assert "train.csv, row 8" in card
    assert "/home/ann" not in card
    assert card.count("data:image/webp") == 1
    expected = sum(one.label == worst.truth for one in near[worst.row])
    assert f"Nearest in training: {expected} of 2 have the label" in html


def test_moments_of_a_sound() -> None:
    """Placed by time, by side and size; what lies behind the end of the page's sound is left out."""
    drawn = moments([(0.0, 0.5, 0.2), (0.5, 1.5, -0.4), (1.5, 2.0, 0.1)], 1.0)
    assert drawn.count("<i ") == 2
    assert 'class="for" style="left:0.00%;width:50.00%;opacity:0.57"' in drawn
    assert 'class="against" style="left:50.00%;width:50.00%;opacity:1.00"' in drawn
    assert "most from 0.50 to 1.50 s: \u22120.40" in drawn
