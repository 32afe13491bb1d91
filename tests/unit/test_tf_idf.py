"""The baseline on words: equal to scikit-learn's own pipeline, fitted on training alone, its penalty chosen on validation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge

from burnish.core.errors import InputError
from burnish.evaluation import tf_idf as module
from burnish.evaluation.tf_idf import STRENGTHS, Texts, tf_idf
from burnish.media.text.terms import terms
from tests.prediction_cases import table

NAMES = ["late", "new", "payment"]
WORDS = {
    "late": ["parcel", "late", "where", "waiting", "slow"],
    "new": ["open", "account", "new", "join", "start"],
    "payment": ["card", "charged", "refund", "money", "paid"],
}


def texts(rows: int, seed: int) -> Texts:
    """Texts of three classes, with words that any class may have."""
    draw = np.random.default_rng(seed)
    truth = draw.choice(NAMES, rows)
    shared = ["my", "the", "please", "today", *WORDS["late"][:2]]
    made = [" ".join([*draw.choice(WORDS[t], 2), *draw.choice(shared, 4)]) for t in truth]
    return Texts(made, truth.tolist())


def like(truths: list[Any], target: str = "label", names: list[str] = NAMES) -> Any:
    """A table whose answers do not matter."""
    empty: dict[str, Any] = {"label": names[0] if names else "", "labels": [], "score": 0.0}
    return table(target, truths, [empty[target]] * len(truths), [], names)


def vectorizer() -> TfidfVectorizer:
    """What the baseline is said to be."""
    return TfidfVectorizer(analyzer=terms, sublinear_tf=True, min_df=2)


def test_words_are_read_with_their_pairs() -> None:
    assert terms("The card, THE card") == ["the", "card", "the", "card", "the card", "card the", "the card"]


def test_label_is_the_pipeline_of_scikit_learn() -> None:
    """Probabilities within 1e-3 (the order of rows differs), the penalty that validation likes best, no word of the test."""
    train, validation, test = texts(120, 0), texts(60, 1), texts(50, 2)
    found = tf_idf(train, validation, test.texts, like(test.truths), seed=0)
    known = vectorizer().fit(train.texts)
    losses = {}
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, max_iter=150, tol=1e-3).fit(known.transform(train.texts), train.truths)
        shares = model.predict_proba(known.transform(validation.texts))
        place = [model.classes_.tolist().index(t) for t in validation.truths]
        losses[strength] = -np.log(shares[np.arange(60), place]).mean()
    best = min(losses, key=lambda one: losses[one])
    assert f"penalty C = {best:g}, chosen on validation" in found.note
    model = LogisticRegression(C=best, max_iter=150, tol=1e-3).fit(known.transform(train.texts), train.truths)
    expected = model.predict_proba(known.transform(test.texts))
    np.testing.assert_allclose(found.predictions.probabilities, expected, atol=2e-3)
    assert f"{len(known.vocabulary_):,} words and pairs of words; fitted on all 120 labelled" in found.note
    assert np.mean([t == a for t, a in zip(test.truths, found.predictions.answer, strict=True)]) > 0.8


def test_sets_and_numbers() -> None:
    """One model a label; ridge regression of numbers, with the penalty of the smallest error on validation."""
    train, validation, test = texts(120, 0), texts(60, 1), texts(50, 2)

    def sets(one: Texts) -> Texts:
        return Texts(one.texts, [["late", "slow"] if t == "late" else [t] for t in one.truths])

    names = ["late", "new", "payment", "slow"]
    found = tf_idf(sets(train), sets(validation), test.texts, like(sets(test).truths, "labels", names), seed=0)
    right = [t == a for t, a in zip(found.predictions.truth, found.predictions.answer, strict=True)]
    assert np.mean(right) > 0.7
    np.testing.assert_allclose(found.predictions.probabilities[:, 0], found.predictions.probabilities[:, 3], atol=1e-6)

    def numbers(one: Texts) -> Texts:
        return Texts(one.texts, [float(NAMES.index(t)) for t in one.truths])

    ridge = tf_idf(numbers(train), numbers(validation), test.texts, like(numbers(test).truths, "score", []), seed=0)
    known, errors = vectorizer().fit(train.texts), {}
    for strength in STRENGTHS:
        y = np.array(numbers(train).truths)
        model = Ridge(alpha=1 / strength, solver="lsqr").fit(known.transform(train.texts), y - y.mean())
        guess = model.predict(known.transform(validation.texts)) + y.mean()
        errors[strength] = ((guess - np.array(numbers(validation).truths)) ** 2).mean()
    assert f"penalty alpha = {1 / min(errors, key=lambda one: errors[one]):g}" in ridge.note


def test_what_was_drawn_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without validation a fifth of training is held out; a huge training split is drawn from; steps are told to the end."""
    train, test, told = texts(100, 0), texts(5, 2), list[tuple[int, int]]()
    found = tf_idf(
        train, None, test.texts, like(test.truths), seed=0, notify=lambda text, done, total: told.append((done, total))
    )
    assert "fitted on all 80 labelled training examples" in found.note
    assert "chosen on 20 training examples, because no validation split has labels" in found.note
    assert told[0] == (0, told[0][1])
    assert told[-1][0] == told[-1][1] == len(told) - 1
    monkeypatch.setattr(module, "LIMIT", 50)
    found = tf_idf(train, texts(20, 1), test.texts, like(test.truths), seed=0)
    assert "fitted on 50 of 100 training examples, drawn at random" in found.note
    monkeypatch.setattr(module, "LEAST", 10)
    monkeypatch.setattr(module, "WORK", 30 * 11 * 3)  # texts have 11 terms, for three classes
    assert (
        "fitted on 30 of 9,000 training"
        in tf_idf(Texts(train.texts, train.truths, 9000), None, test.texts, like(test.truths), seed=0).note
    )


def test_odd_rows() -> None:
    """Empty and missing texts, labels that are missing or unknown; no label at all is an error."""
    train = Texts(["card paid", None, "", "parcel late", "odd"], ["payment", "late", "late", "late", "nobody knows"])
    found = tf_idf(train, Texts([""], [None]), [None, "card"], like(["late", "payment"]), seed=0)
    assert len(found.predictions.answer) == 2
    assert (found.predictions.probabilities[:, 1] == 0).all()
    with pytest.raises(InputError, match="no labels"):
        tf_idf(Texts(["a"], [None]), None, ["b"], like(["late"]), seed=0)
    with pytest.raises(InputError, match="1 texts for 2 examples"):
        tf_idf(train, None, ["b"], like(["late", "new"]), seed=0)
