"""Prediction sets and intervals: limits against published formulas, coverage by simulation, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import beta

from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.evaluation.conformal import apart, expected, fewest, learned_regions, limit_of, rank, reached
from burnish.recipe.recipe import Recipe
from burnish.report.decisions import decisions
from burnish.stages.prepare.decisions import check
from burnish.stages.train.decide import learned, on_test
from burnish.targets import covers, region_of
from burnish.targets._covering import label_scores
from burnish.targets.label import Label
from burnish.targets.labels import Labels
from burnish.targets.score import Score
from tests.prediction_cases import table

LABEL = Label(labels=["a", "b", "c", "d"])
HARD = np.array([3.0, 2.0, 1.0, 0.3])
"""How sure the network is of each class: of the last one it is nearly never."""


def drawn(rows: int, seed: int) -> Predictions:
    """Labels, uneven, and probabilities of a network that is overconfident and bad at the last class."""
    random = np.random.default_rng(seed)
    truth = random.choice(4, rows, p=[0.4, 0.3, 0.2, 0.1])
    logits = random.normal(0, 1.5, (rows, 4)) + HARD[truth][:, None] * np.eye(4)[truth]
    shares = np.exp(1.7 * logits)
    shares /= shares.sum(1, keepdims=True)
    names = [LABEL.labels[t] for t in truth]
    return table("label", names, [LABEL.labels[n] for n in shares.argmax(1)], shares, LABEL.labels)


def numbers(rows: int, seed: int) -> Predictions:
    """Numbers with errors of heavy tails."""
    random = np.random.default_rng(seed)
    truth = random.normal(0, 1, rows)
    return table("score", truth.tolist(), (truth + random.standard_t(3, rows)).tolist(), [], [])


@pytest.mark.parametrize(
    ("rows", "coverage", "place"),
    [(9, 0.9, 9), (19, 0.95, 19), (99, 0.9, 90), (100, 0.9, 91), (4, 0.8, 4), (3, 0.8, 4)],
)
def test_which_score_is_the_limit(rows: int, coverage: float, place: int) -> None:
    """ceil((n + 1) * coverage), by hand: 10 * 0.9 is 9 and not 10, whatever floats say."""
    assert rank(rows, coverage) == place


@pytest.mark.parametrize(("coverage", "rows"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99)])
def test_the_fewest_rows(coverage: float, rows: int) -> None:
    assert fewest(coverage) == rows


def test_the_limit_by_hand() -> None:
    """Of nine scores, 90 % is the largest, 80 % the eighth; of eight, 90 % has none."""
    scores = np.array([0.9, 0.1, 0.5, 0.3, 0.7, 0.2, 0.8, 0.6, 0.4])
    assert (limit_of(scores, 0.9), limit_of(scores, 0.8)) == (0.9, 0.8)
    assert limit_of(scores[:8], 0.9) == np.inf


def test_scores_and_limits_are_those_of_the_published_programs() -> None:
    """Angelopoulos and Bates 2021 (arXiv 2107.07511), figures 2 and 4, whose adaptive score counts the label itself as well."""
    known = drawn(500, 1)
    p, n, alpha = known.probabilities, 500, 0.1
    labels = np.array([LABEL.labels.index(t) for t in known.truth])
    level = np.ceil((n + 1) * (1 - alpha)) / n
    scores = 1 - p[np.arange(n), labels]
    quantile = np.quantile(scores, level, method="inverted_cdf")  # "higher" there, which is one score too far
    target, facts = learned_regions(LABEL, known, 1 - alpha, "lac", by_class=False)
    assert facts["limit"] == pytest.approx(quantile, abs=1e-12)
    assert isinstance(target, Label)
    assert target.prediction_sets is not None
    assert np.array_equal(target.prediction_sets.held(p, LABEL.labels), p >= 1 - quantile)
    order = p.argsort(1)[:, ::-1]
    cumulated = np.take_along_axis(p, order, 1).cumsum(1)
    theirs = np.take_along_axis(cumulated, order.argsort(1), 1)
    assert np.allclose(label_scores(p, "aps"), theirs - p, atol=1e-12)


def test_labels_of_one_probability_have_one_adaptive_score() -> None:
    """By the definition: the sum of all probabilities that are larger."""
    p = np.array([[0.3, 0.3, 0.2, 0.2], [0.25, 0.25, 0.25, 0.25], [0.1, 0.5, 0.3, 0.1]])
    by_hand = [[sum(q for q in row if q > own) for own in row] for row in p]
    assert np.allclose(label_scores(p, "aps"), by_hand)
    assert np.allclose(label_scores(p, "lac"), 1 - p)


@pytest.mark.parametrize("method", ["lac", "aps"])
def test_the_set_of_an_answer(method: Any) -> None:
    """The most probable first; adaptive sets are never empty; a higher coverage takes nothing away."""
    known = drawn(400, 2)
    narrow, wide = (learned_regions(LABEL, known, c, method, by_class=False)[0] for c in (0.6, 0.95))
    assert covers(LABEL) == ()
    for decoded in LABEL.decode(np.log(drawn(50, 3).probabilities), []):
        small, large = (region_of(t, decoded)["prediction_set"] for t in (narrow, wide))
        assert large[: len(small)] == small
        assert [LABEL.labels[n] for n in np.argsort(-decoded.probabilities)][: len(large)] == large
        assert method == "lac" or small
    assert region_of(LABEL, decoded) == {}


def coverages(count: int, rows: int, **settings: Any) -> np.ndarray:
    """[count, 5] coverage of fresh rows, of all and of each class, of limits learned from `rows` rows."""
    fresh, every = drawn(2000, 10_000), drawn(count * rows, 20_000)
    found = []
    for number in range(count):
        known = every.take(np.arange(number * rows, (number + 1) * rows))
        target, facts = learned_regions(LABEL, known, 0.8, **settings)
        test = reached(facts, target, fresh)
        found.append([test["coverage"], *(of["coverage"] for of in test["by_class"].values())])
    return np.array(found)


@pytest.mark.parametrize(("rows", "coverage"), [(9, 0.9), (50, 0.9), (99, 0.8), (200, 0.95)])
def test_coverage_by_simulation(rows: int, coverage: float) -> None:
    """Of scores that are numbers from 0 to 1 the coverage of a limit is the limit: of 1,000 draws, the beta law's mean."""
    limits = [limit_of(scores, coverage) for scores in np.random.default_rng(rows).random((1000, rows))]
    law = beta(rank(rows, coverage), rows + 1 - rank(rows, coverage))
    assert coverage <= law.mean() < coverage + 1 / (rows + 1)
    assert np.mean(limits) == pytest.approx(law.mean(), abs=4 * law.std() / np.sqrt(1000))
    assert np.std(limits) == pytest.approx(law.std(), rel=0.15)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["lac", "aps"])
def test_coverage_by_much_simulation(method: Any) -> None:
    """400 draws of 99 rows: never less than asked for, and no more than 1/(n + 1) above it where scores differ."""
    found = coverages(400, 99, method=method, by_class=False)
    error = 3 * found[:, 0].std() / np.sqrt(400) + 3 * np.sqrt(0.16 / 2000)
    assert found[:, 0].mean() >= 0.8 - error
    if method == "lac":
        assert found[:, 0].mean() <= 0.8 + 0.01 + error
        assert found[:, 4].mean() < 0.6  # the class that the network is bad at pays for the others


@pytest.mark.slow
@pytest.mark.parametrize("method", ["lac", "aps"])
def test_coverage_of_each_class_by_much_simulation(method: Any) -> None:
    """200 draws of 300 rows: each class has what was asked for, the hard one as well."""
    found = coverages(200, 300, method=method, by_class=True)
    rows = 2000 * np.array([0.4, 0.3, 0.2, 0.1])
    error = 3 * np.sqrt(0.16 / rows) + 3 * found[:, 1:].std(axis=0) / np.sqrt(200)
    assert (found[:, 1:].mean(axis=0) >= 0.8 - error).all()


@pytest.mark.slow
def test_intervals_by_much_simulation() -> None:
    """300 draws of 99 rows with errors of heavy tails: 80 of 100 on average, and as uneven as the beta law says."""
    fresh, found = numbers(4000, 10_000), []
    for seed in range(300):
        target, facts = learned_regions(Score(mean=0, scale=1), numbers(99, seed), 0.8, "lac", by_class=False)
        found.append(reached(facts, target, fresh)["coverage"])
    assert np.mean(found) == pytest.approx(0.8, abs=3 * (beta(80, 20).std() / np.sqrt(300) + 0.4 / np.sqrt(4000)))
    assert np.std(found) == pytest.approx(beta(80, 20).std(), rel=0.15)


@pytest.mark.slow
def test_choosing_the_best_of_ten_checkpoints_costs_little() -> None:
    """On the same 50 rows, 200 draws: less than two points of coverage, where the bound of Yang and Kuchibhotla allows 17."""
    random, one, best = np.random.default_rng(0), [], []
    for _ in range(200):
        truth = random.integers(0, 5, 1050)
        logits = random.normal(0, 1, (1050, 5)) + 1.5 * np.eye(5)[truth] + random.normal(0, 0.7, (10, 1050, 5))
        shares = np.exp(logits)
        shares /= shares.sum(axis=2, keepdims=True)
        right = (shares[:, :50].argmax(2) == truth[:50]).mean(1)
        scores = 1 - shares[:, np.arange(1050), truth]
        for found, number in ((one, 0), (best, int(right.argmax()))):
            found.append((scores[number, 50:] <= limit_of(scores[number, :50], 0.9)).mean())
    assert np.mean(one) == pytest.approx(46 / 51, abs=0.01)
    assert np.mean(one) - 0.02 < np.mean(best) < np.mean(one)


def test_what_chance_does_to_coverage() -> None:
    """Beta-binomial, by simulation with scores that are numbers from 0 to 1: the coverage of a limit is the limit itself."""
    random = np.random.default_rng(5)
    limits = np.sort(random.random((4000, 99)), axis=1)[:, 89]
    shares = random.binomial(200, limits) / 200
    low, high = expected(99, 0.9, 200)
    assert (low, high) == pytest.approx(tuple(np.quantile(shares, [0.025, 0.975])), abs=0.011)


def test_the_interval_of_a_number() -> None:
    """Nine errors of 1 to 9: 90 % is plus and minus 9, and 80 % of them 8."""
    truth = [float(n) for n in range(9)]
    known = table("score", truth, [t + e for t, e in zip(truth, range(1, 10), strict=True)], [], [])
    target, facts = learned_regions(Score(mean=0, scale=1), known, 0.8, "lac", by_class=False)
    assert facts["limit"] == 8
    (decoded,) = target.decode(np.array([[2.0]]), [])
    assert region_of(target, decoded) == {"lower": -6.0, "upper": 10.0}
    test = reached(facts, target, known)
    assert (test["covered"], test["size"], "by_class" in test) == (8, 16.0, False)
    assert "± 8 should hold 80% of the true values" in "\n".join(decisions({"conformal": {**facts, "test": test}}))


def test_each_class_is_learned_from_its_own_rows() -> None:
    """Limits are those of the rows of a class alone."""
    known = drawn(300, 6)
    target, facts = learned_regions(LABEL, known, 0.8, "lac", by_class=True)
    scores = 1 - known.probabilities
    for number, name in enumerate(LABEL.labels):
        of = np.array([t == name for t in known.truth])
        assert facts["limits"][name] == limit_of(scores[of, number], 0.8)
    assert target.prediction_sets.limits == facts["limits"]  # type: ignore[attr-defined]


def test_halves_are_drawn_by_number_and_class() -> None:
    """The same whatever the order; half of each class; groups stay whole; another seed draws otherwise."""
    truths = ["a"] * 10 + ["b"] * 5
    half = apart(range(15), truths, None, 0, by_class=True)
    assert (half[:10].sum(), half[10:].sum()) == (5, 3)
    back = apart(range(14, -1, -1), truths[::-1], None, 0, by_class=True)
    assert np.array_equal(back[::-1], half)
    assert not np.array_equal(apart(range(15), truths, None, 1, by_class=True), half)
    groups = [str(n // 3) for n in range(15)]
    grouped = apart(range(15), truths, groups, 0, by_class=True).reshape(5, 3)
    assert (grouped.all(axis=1) | ~grouped.any(axis=1)).all()
    assert grouped.any(axis=1).sum() == 3


def test_temperature_and_sets_are_learned_from_different_rows() -> None:
    """The other half calibrates: its temperature is that of a table of these rows alone."""
    known = drawn(400, 7)
    half = apart(range(400), known.truth, None, 0, by_class=True)
    one = Recipe.load({"data": "x.csv", "calibration": "temperature"})
    both = Recipe.load({"data": "x.csv", "calibration": "temperature", "conformal": 0.9})
    target, facts = learned(both, LABEL, known, print)
    alone = learned(one, LABEL, known.take(np.flatnonzero(~half)), print)[1]
    assert facts["temperature"]["value"] == pytest.approx(alone["temperature"]["value"], abs=1e-9)
    assert (facts["conformal"]["rows"], facts["conformal"]["apart"]) == (half.sum(), True)
    fresh = drawn(3000, 8)
    test = on_test(facts, target, learned(one, LABEL, fresh, print)[0] and fresh)["conformal"]["test"]
    assert test["rows"] == 3000


def test_labels_that_training_did_not_have_are_never_covered() -> None:
    """They count, in learning and in what is reached; too many of them are refused."""
    known = drawn(40, 9)
    rows = known.table.to_pydict()
    strange = table("label", ["new"] * 2 + rows["truth"][2:], rows["answer"], rows["probabilities"], LABEL.labels)
    target, facts = learned_regions(LABEL, strange, 0.8, "lac", by_class=False)
    scores = 1 - known.probabilities[np.arange(2, 40), [LABEL.labels.index(t) for t in known.truth[2:]]]
    assert facts["limit"] == np.sort(scores)[32]  # the 33rd of 40, of which two are infinite
    assert reached(facts, target, strange)["covered"] <= 38
    with pytest.raises(InputError, match="2 of 40 validation examples have a label"):
        learned_regions(LABEL, strange, 0.96, "lac", by_class=False)


def test_too_few_rows_are_refused_with_the_reason() -> None:
    """Of all, and of a class."""
    with pytest.raises(InputError, match=r"there are 8 to learn from") as error:
        learned_regions(LABEL, drawn(8, 1), 0.9, "lac", by_class=False)
    assert "at least 9 validation examples" in str(error.value)
    assert "conformal.coverage=0.88" in str(error.value)
    with pytest.raises(InputError, match=r"of class 'd' has \d to learn from") as error:
        learned_regions(LABEL, drawn(60, 1), 0.9, "lac", by_class=True)
    assert "conformal.guarantee=marginal" in str(error.value)


@pytest.mark.parametrize(
    ("settings", "target", "words"),
    [
        (0.9, Labels(labels=["x", "y"]), "have none"),
        ({"method": "aps"}, Score(), "conformal.method: aps with target 'score'"),
        ({"guarantee": "class_conditional"}, Score(), "conformal.guarantee: class_conditional with target 'score'"),
    ],
)
def test_refused_before_training(settings: Any, target: Any, words: str) -> None:
    """What a target has not."""
    with pytest.raises(InputError, match=words):
        check(Recipe.load({"data": "x.csv", "conformal": settings}), target, {"train", "validation"})


def test_a_number_is_the_coverage() -> None:
    assert Recipe.load({"data": "x.csv", "conformal": 0.95}).conformal.coverage == 0.95  # type: ignore[union-attr]
    with pytest.raises(InputError, match="conformal"):
        Recipe.load({"data": "x.csv", "conformal": 95.0})


def test_the_report_says_wanted_and_reached() -> None:
    """With an interval, mean size, and a table of classes."""
    target, facts = learned_regions(LABEL, drawn(300, 1), 0.8, "aps", by_class=True)
    test = reached(facts, target, drawn(500, 2))
    text = "\n".join(decisions({"conformal": {**facts, "apart": False, "test": test}}))
    assert f"{test['covered']:,} of 500 are covered: **{test['coverage']:.1%}**" in text
    assert f"Mean size {test['size']:.2f} labels" in text
    assert f"| `d`   | {test['by_class']['d']['rows']:>8}" in text
    assert "not exact" in text
