"""Every metric, on every kind of target it is defined for: checked against a reference, and under resampling."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from burnish.core.component import build, component_class, kinds
from burnish.core.predictions import Predictions
from burnish.media.music.abc import problems
from burnish.metrics import Metric
from tests.prediction_cases import TYPES, label_table, synthetic, table
from tests.slow_cases import slow_but
from tests.transcript_cases import transcript_table

AXIS = "burnish.metrics"
TARGETS = ("label", "labels", "score", "tags", "response", "tune", "transcript", "ctc_transcript", "music", "midi")
WITHOUT_TRUTH = (
    *("codebook_loss", "codebook_mean"),
    *("bits_per_byte", "perplexity", "stop_rate", "mean_length", "repetition", "valid_tune"),
)
"""What is no function of truths and answers together: of numbers of each row, or of answers alone."""
OF_MEASURES = ("transcript", "ctc_transcript")
"""Targets whose metrics are sums of what the target measured when a row was answered."""


def metric(kind: str, **settings: Any) -> Metric:
    """A metric as a recipe would name it."""
    found = build(AXIS, {"kind": kind, **settings})
    assert isinstance(found, Metric)
    return found


VARIANTS: list[tuple[str, dict[str, Any]]] = [(kind, {}) for kind in kinds(AXIS)] + [
    (kind, dict(settings)) for kind in kinds(AXIS) for settings in type(metric(kind)).variants if settings
]
ON_TARGETS = [
    pytest.param(kind, settings, target, id=f"{metric(kind, **settings).label}-{target}")
    for kind, settings in VARIANTS
    for target in component_class(AXIS, kind).targets  # type: ignore[attr-defined]
]


def counts_of(resamples: int, rows: int, seed: int = 0) -> np.ndarray:
    """[R, N] draws with replacement."""
    draw = np.random.default_rng(seed)
    return np.stack([np.bincount(draw.integers(0, rows, rows), minlength=rows) for _ in range(resamples)])


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_says_what_it_is(kind: str) -> None:
    """Targets, direction, a sentence, a documented set of fields, and a name for scores.json."""
    cls = component_class(AXIS, kind)
    assert issubclass(cls, Metric)
    assert cls.targets
    assert set(cls.targets) <= set(TARGETS)
    assert cls.greater_is_better in (True, False, None)
    assert cls.sentence()
    assert "Metric" not in cls.sentence()
    assert all(field.description for field in cls.model_fields.values())
    assert kind in metric(kind).label
    assert json.loads(metric(kind).model_dump_json())["kind"] == kind


def test_labels_are_unique_over_the_axis() -> None:
    """No two metrics write to the same key of scores.json."""
    labels = [metric(kind).label for kind in kinds(AXIS)]
    assert len(set(labels)) == len(labels)
    assert {"accuracy", "macro_f1", "macro_precision", "span_f1", "roc_auc"} <= set(labels)
    assert metric("f1", average="weighted").label == "weighted_f1"
    assert metric("f1", average="binary", positive="spam").label == "f1_spam"


@pytest.mark.parametrize(("kind", "settings", "target"), ON_TARGETS)
@pytest.mark.parametrize("strange", slow_but([False, True], True), ids=["plain", "unknown truths"])
def test_many_resamples_at_once_equal_one_at_a_time(
    kind: str, settings: dict[str, Any], target: str, strange: bool
) -> None:
    """The vectorised way gives what the general way of the contract gives, also for tiny and lopsided resamples."""
    found = metric(kind, **settings)
    for rows in (3, 40):
        for predictions in synthetic(target, max(rows, 4) if strange else rows, seed=rows, strange=strange):
            counts = counts_of(12, len(predictions), seed=rows)
            counts[0] = 1
            counts[1] = 0
            counts[1, -1] = len(predictions)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                fast = found.resampled(predictions, counts)
                slow = Metric.resampled(found, predictions, counts)
            np.testing.assert_allclose(fast, slow, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(fast[0], found.value(predictions), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("kind", "settings", "target"), ON_TARGETS)
def test_nothing_known_is_nan(kind: str, settings: dict[str, Any], target: str) -> None:
    """No rows, or no row with truth: not a number, and neither an error nor a warning."""
    found = metric(kind, **settings)
    for predictions in synthetic(target, 5):
        blank = predictions.table.set_column(1, "truth", pa.nulls(5, TYPES[target]))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for empty in (predictions.take(np.array([], np.int64)), Predictions(blank)):
                assert np.isnan(found.value(empty))
                assert np.isnan(found.resampled(empty, np.ones((2, len(empty)), np.int64))).all()


@pytest.mark.parametrize(("kind", "settings", "target"), ON_TARGETS)
def test_order_of_rows_does_not_matter(kind: str, settings: dict[str, Any], target: str) -> None:
    """A metric is a function of the set of rows."""
    found = metric(kind, **settings)
    for predictions in synthetic(target):
        turned = predictions.take(np.random.default_rng(1).permutation(len(predictions)))
        np.testing.assert_allclose(found.value(turned), found.value(predictions), rtol=1e-9)


@pytest.mark.parametrize(("kind", "settings", "target"), ON_TARGETS)
def test_perfect_answers_are_best(kind: str, settings: dict[str, Any], target: str) -> None:
    """The truth as answer scores at least as well as the answers, in the metric's own direction."""
    found = metric(kind, **settings)
    if kind in WITHOUT_TRUTH:
        return
    for predictions in synthetic(target):
        right = predictions.table.set_column(2, "answer", predictions.table["truth"])
        if target in OF_MEASURES:
            right = transcript_table(predictions.truth, predictions.truth, kind=target).table
        if predictions.probabilities.shape[1]:
            certain = [
                [float(n in ([t] if isinstance(t, str) else t)) for n in predictions.names] for t in predictions.truth
            ]
            right = right.set_column(3, "probabilities", pa.array(certain, pa.list_(pa.float32())))
        best, actual = found.value(Predictions(right)), found.value(predictions)
        if kind != "debiased_calibration_error" or actual > 0:  # nothing is left of a small error
            assert best > actual if found.greater_is_better else best < actual
        if kind != "rmse":
            assert np.isclose(best, 1.0 if found.greater_is_better else 0.0, atol=1e-9)


def reference_label(p: Predictions) -> dict[str, Any]:
    from sklearn import metrics as sk

    truth, answer, names = p.truth, p.answer, list(p.names)
    onehot = np.array([[t == n for n in names] for t in truth])
    two = len(names) == 2
    scores = p.probabilities
    averages = ("macro", "micro", "weighted")
    return {
        "accuracy": sk.accuracy_score(truth, answer),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, answer),
        "matthews": sk.matthews_corrcoef(truth, answer),
        "cohen_kappa": sk.cohen_kappa_score(truth, answer),
        "log_loss": sk.log_loss(truth, scores, labels=names),
        "brier": sk.brier_score_loss(
            truth, scores[:, 1] if two else scores, labels=names, pos_label=names[1] if two else None
        ),
        "roc_auc": sk.roc_auc_score(onehot[:, 1], scores[:, 1])
        if two
        else sk.roc_auc_score(onehot, scores, average="macro"),
        "average_precision": sk.average_precision_score(onehot[:, 1], scores[:, 1])
        if two
        else sk.average_precision_score(onehot, scores, average="macro"),
        **{f"{a}_f1": sk.f1_score(truth, answer, average=a) for a in averages},
        **{f"{a}_precision": sk.precision_score(truth, answer, average=a, zero_division=0) for a in averages},
        **{f"{a}_recall": sk.recall_score(truth, answer, average=a, zero_division=0) for a in averages},
        "expected_calibration_error": plain_calibration_error(p, 15),
        **confidence_measures(p),
    }


def confidence_measures(p: Predictions) -> dict[str, float]:
    """Textbook loops over bins with quantiles as edges, over classes, and over all coverages with ties in any order."""
    sure, rows = p.probabilities.max(axis=1), len(p)
    right = np.array([t == a for t, a in zip(p.truth, p.answer, strict=True)], float)

    def inside(values: np.ndarray, bins: int) -> list[np.ndarray]:
        edges = np.unique(np.quantile(values, np.arange(1, bins) / bins, method="inverted_cdf"))
        number = np.digitize(values, edges, right=True)
        return [number == n for n in np.unique(number)]

    gaps = [b.mean() * abs(sure[b].mean() - right[b].mean()) for b in inside(sure, 15)]
    squares = [
        b.mean() * ((sure[b].mean() - right[b].mean()) ** 2 - right[b].var(ddof=1) / b.sum()) for b in inside(sure, 15)
    ]
    of_class = []
    for number, name in enumerate(p.names):
        share, true = p.probabilities[:, number], np.array([t == name for t in p.truth], float)
        bins = [(share > n / 15) & (share <= (n + 1) / 15) for n in range(15)]
        of_class.append(sum(b.mean() * abs(share[b].mean() - true[b].mean()) for b in bins if b.any()))
    risks = []
    for answered in range(1, rows + 1):
        least = np.sort(sure)[::-1][answered - 1]
        above, tied = sure > least, sure == least
        risks.append(((1 - right[above]).sum() + (answered - above.sum()) * (1 - right[tied]).mean()) / answered)
    wrong = np.sort(1 - right)
    area = float(np.mean(risks))
    return {
        "adaptive_calibration_error": sum(gaps),
        "debiased_calibration_error": max(0.0, sum(squares)) ** 0.5,
        "classwise_calibration_error": float(np.mean(of_class)),
        "risk_coverage_area": area,
        "excess_risk_coverage_area": area - float(np.mean(wrong.cumsum() / np.arange(1, rows + 1))),
    }


def plain_calibration_error(p: Predictions, bins: int) -> float:
    """The textbook loop over bins."""
    sure = p.probabilities.max(axis=1)
    right = np.array([t == a for t, a in zip(p.truth, p.answer, strict=True)])
    total = 0.0
    for b in range(bins):
        inside = (sure > b / bins) & (sure <= (b + 1) / bins)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - sure[inside].mean())
    return total


def reference_labels(p: Predictions) -> dict[str, Any]:
    from sklearn import metrics as sk

    truth = np.array([[n in row for n in p.names] for row in p.truth])
    answer = np.array([[n in row for n in p.names] for row in p.answer])
    averages = ("macro", "micro", "weighted")
    return {
        "subset_accuracy": sk.accuracy_score(truth, answer),
        "hamming_loss": sk.hamming_loss(truth, answer),
        "label_ranking": sk.label_ranking_average_precision_score(truth, p.probabilities),
        "roc_auc": sk.roc_auc_score(truth, p.probabilities, average="macro"),
        "average_precision": sk.average_precision_score(truth, p.probabilities, average="macro"),
        **{f"{a}_f1": sk.f1_score(truth, answer, average=a) for a in averages},
        **{f"{a}_precision": sk.precision_score(truth, answer, average=a, zero_division=0) for a in averages},
        **{f"{a}_recall": sk.recall_score(truth, answer, average=a, zero_division=0) for a in averages},
    }


def reference_score(p: Predictions) -> dict[str, Any]:
    from scipy import stats
    from sklearn import metrics as sk

    return {
        "mae": sk.mean_absolute_error(p.truth, p.answer),
        "rmse": sk.root_mean_squared_error(p.truth, p.answer),
        "r2": sk.r2_score(p.truth, p.answer),
        "pearson": stats.pearsonr(p.truth, p.answer).statistic,
        "spearman": stats.spearmanr(p.truth, p.answer).statistic,
    }


def reference_tags(p: Predictions) -> dict[str, Any]:
    import seqeval.metrics as seq

    found = {"accuracy": seq.accuracy_score(p.truth, p.answer)}
    for average in ("micro", "macro", "weighted"):
        head = "" if average == "micro" else f"{average}_"
        for name, score in (("f1", seq.f1_score), ("precision", seq.precision_score), ("recall", seq.recall_score)):
            found[f"{head}span_{name}"] = score(p.truth, p.answer, average=average, zero_division=0)
    return found


def repeated(answers: list[list[str]]) -> float:
    runs = [[tuple(w[i : i + 4]) for i in range(len(w) - 3)] for w in answers]
    return 1 - sum(len(set(r)) for r in runs) / sum(map(len, runs))


def reference_response(p: Predictions) -> dict[str, Any]:
    """sacrebleu and rouge-score over the texts, and the definitions written out for one reply after the other."""
    from rouge_score.rouge_scorer import RougeScorer
    from sacrebleu.metrics.chrf import CHRF

    def split(text: str) -> tuple[str, list[str]]:
        value = json.loads(text) if '"tool_calls"' in text else {"content": text, "tool_calls": []}
        return value["content"], sorted(json.dumps(call, sort_keys=True) for call in value["tool_calls"])

    unspaced = "渡船九十点开"
    texts = [(split(t), split(a)) for t, a in zip(p.truth, p.answer, strict=True)]
    truth_words, words = (
        [re.findall(rf"[{unspaced}]|[^\s{unspaced}]+", pair[side][0]) for pair in texts] for side in (0, 1)
    )
    said = [(t, a) for (t, _), (a, _) in texts if t]
    final = [(t.rpartition("#### ")[2], a.rpartition("#### ")[2]) for t, a in said if "####" in t]
    bare = type("", (), {"tokenize": lambda _, text: re.findall(f"[a-z0-9]+|[{unspaced}]", text.lower())})()
    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=bare)
    rouge = [scorer.score(t, a) for t, a in said]
    sums = {name: p.numbers(name).sum() for name in ("nats", "tokens", "bytes")}
    return {
        "bits_per_byte": sums["nats"] / sums["bytes"] / np.log(2),
        "perplexity": np.exp(sums["nats"] / sums["tokens"]),
        "exact_match": np.mean([t == a for t, a in zip(p.truth, p.answer, strict=True)]),
        "extracted_match": np.mean([float(t) == float(a) for t, a in final]),
        "chrf": CHRF().corpus_score([a for _, a in said], [[t for t, _ in said]]).score / 100,
        **{name: np.mean([score[name].fmeasure for score in rouge]) for name in scorer.rouge_types},
        "valid_json": np.mean([a.startswith("{") for t, a in said if t.startswith("{")]),
        "tool_call_match": np.mean([t == a for (_, t), (_, a) in texts if t]),
        "tool_call_match_of_all": np.mean([t == a for (_, t), (_, a) in texts]),
        "stop_rate": p.numbers("stopped").mean(),
        "mean_length": np.mean([len(w) for w in words]),
        "mean_length_of_truths": np.mean([len(w) for w in truth_words]),
        "mean_length_in_tokens": p.numbers("written").mean(),
        "repetition": repeated(words),
    }


def reference_tune(p: Predictions) -> dict[str, Any]:
    """Sums divided once; fields of headers as they are written; bars by the reader's own problems."""

    def field(name: str, text: str | None) -> str | None:
        found = re.search(rf"^{name}:(.*)$", text or "", re.MULTILINE)
        written = {"Hp": "D", "D exp ^f _b": "D"}.get(found[1], found[1]) if found else "none"
        return None if written == "none" else written

    def share(name: str) -> float:
        pairs = [(field(name, t), field(name, a)) for t, a in zip(p.truth, p.answer, strict=True)]
        return float(np.mean([truth == answer for truth, answer in pairs if truth]))

    sums = {name: p.numbers(name).sum() for name in ("nats", "tokens", "bytes")}
    return {
        "bits_per_byte": sums["nats"] / sums["bytes"] / np.log(2),
        "perplexity": np.exp(sums["nats"] / sums["tokens"]),
        "stop_rate": p.numbers("stopped").mean(),
        "valid_tune": np.mean([not problems(str(answer)) for answer in p.answer]),
        "key_as_asked": share("K"),
        "meter_as_asked": share("M"),
    }


def reference_midi(p: Predictions) -> dict[str, Any]:
    """Sums divided once."""
    known = {name: p.numbers(name) for name in ("nats", "tokens", "stopped")}
    return {
        "perplexity": np.exp(known["nats"].sum() / known["tokens"].sum()),
        "stop_rate": known["stopped"].mean(),
    }


def reference_music(p: Predictions) -> dict[str, Any]:
    """Sums divided once, of each level and of all."""
    levels = [level for level in range(1, 5) if f"nats_{level}" in p.table.column_names]
    nats = {level: p.numbers(f"nats_{level}").sum() for level in levels}
    codes = {level: p.numbers(f"codes_{level}").sum() for level in levels}
    return {
        **{f"codebook_loss_{level}": nats[level] / codes[level] for level in levels},
        "codebook_mean": np.mean([nats[level] / codes[level] for level in levels]),
    }


def reference_transcript(p: Predictions) -> dict[str, Any]:
    """Edits by the textbook's table, of texts that are normalised by the rules written out for the words of the cases."""

    def plain(text: str) -> str:
        kept = "".join(c for c in text.lower() if c not in ",.:" or c == ":").replace(":", " ")
        return " ".join(kept.split())

    def parted(text: str) -> list[str]:
        return re.findall("[渡船]|[^\\s渡船]+", text)

    def ways(one: Any, other: Any) -> list[list[int]]:
        rows = [list(range(len(other) + 1))]
        for i, unit in enumerate(one, 1):
            row = [i]
            for j, second in enumerate(other, 1):
                row.append(min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (unit != second)))
            rows.append(row)
        return rows

    def distance(one: Any, other: Any) -> int:
        return ways(one, other)[-1][-1]

    pairs = list(zip(p.truth, p.answer, strict=True))
    spelled = [
        (re.sub("(?<=[渡船]) (?=[渡船])", "", plain(t)), re.sub("(?<=[渡船]) (?=[渡船])", "", plain(a)))
        for t, a in pairs
    ]
    worded = [(parted(t), parted(a)) for t, a in spelled]
    words = sum(len(t) for t, _ in worded)
    errors = [distance(t, a) for t, a in worded]
    kinds_of = {name: sum(p.numbers(f"word_{name}s")) / words for name in ("substitution", "deletion", "insertion")}
    assert sum(kinds_of.values()) == pytest.approx(sum(errors) / words)
    longer = sum(len(a) - len(t) for t, a in worded) / words
    assert kinds_of["insertion"] - kinds_of["deletion"] == pytest.approx(longer)
    return {
        "wer": sum(errors) / words,
        "cer": sum(distance(t, a) for t, a in spelled) / sum(len(t) for t, _ in spelled),
        "raw_wer": sum(distance(t.split(), a.split()) for t, a in pairs) / sum(len(t.split()) for t, _ in pairs),
        **{f"{name}_rate": value for name, value in kinds_of.items()},
        "sentence_accuracy": np.mean([error == 0 for error in errors]),
        "repetition": repeated([parted(a) for a in p.answer]),
    }


REFERENCES: dict[str, Callable[[Predictions], dict[str, Any]]] = {
    "label": reference_label,
    "labels": reference_labels,
    "score": reference_score,
    "tags": reference_tags,
    "response": reference_response,
    "tune": reference_tune,
    "midi": reference_midi,
    "music": reference_music,
    "transcript": reference_transcript,
    "ctc_transcript": reference_transcript,
}


@pytest.mark.filterwarnings("ignore:The y_prob values do not sum to one")  # float32 probabilities
@pytest.mark.parametrize("target", TARGETS)
def test_numbers_are_those_of_the_reference_library(target: str) -> None:
    """scikit-learn, scipy, seqeval, sacrebleu and rouge-score give the same numbers, and no metric is without a reference."""
    for seed in range(3):
        for predictions in synthetic(target, 150, seed):
            expected = REFERENCES[target](predictions)
            found = {
                metric(kind, **settings).label: metric(kind, **settings).value(predictions)
                for kind, settings in VARIANTS
                if target in metric(kind).targets
            }
            assert set(found) == set(expected)
            for name, value in expected.items():
                np.testing.assert_allclose(found[name], value, rtol=1e-6, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
def test_truths_outside_the_names_count_as_their_own_class_and_are_never_right(average: str) -> None:
    """As scikit-learn sees it when given the words."""
    from sklearn.metrics import accuracy_score, f1_score

    known = label_table(80, 3, strange=True).known
    assert metric("accuracy").value(known) == pytest.approx(accuracy_score(known.truth, known.answer))
    expected = f1_score(known.truth, known.answer, average=average, zero_division=0)
    assert metric("f1", average=average).value(known) == pytest.approx(expected)


def test_one_named_class() -> None:
    """`average: binary` is the second of two names unless another is given."""
    from sklearn.metrics import f1_score

    two, five = label_table(80, 2), label_table(80, 5)
    assert metric("f1", average="binary").value(two) == pytest.approx(
        f1_score(two.truth, two.answer, pos_label="class 1")
    )
    expected = f1_score(five.truth, five.answer, labels=["class 3"], average="macro")
    assert metric("f1", average="binary", positive="class 3").value(five) == pytest.approx(expected)


def test_labels_that_never_occur_do_not_lower_the_macro_average() -> None:
    """A name without truths and answers in the table is left out of the mean."""
    one = table("labels", [["a"], ["a", "b"]], [["a"], ["b"]], [[0.9, 0.1, 0.1], [0.1, 0.9, 0.1]], ["a", "b", "c"])
    assert metric("f1").value(one) == pytest.approx((2 / 3 + 1) / 2)


def test_area_is_undefined_with_one_class() -> None:
    """AUC without negatives is not a number."""
    one = table("label", ["b", "b"], ["b", "a"], [[0.1, 0.9], [0.6, 0.4]], ["a", "b"])
    assert np.isnan(metric("roc_auc").value(one))
    assert np.isnan(metric("cohen_kappa").value(one.take(np.array([0]))))


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_answers_that_are_not_numbers_are_never_hidden(kind: str) -> None:
    """One probability or score that is nan makes every metric that looks at it nan; none raises or warns."""
    found = metric(kind)
    for target in found.targets:
        predictions = synthetic(target, 30)[0]
        if target == "score":
            column, broken = 2, pa.array([float("nan"), *predictions.answer[1:]])
        elif target in ("label", "labels"):
            rows = predictions.probabilities.tolist()
            rows[0] = [float("nan")] * len(predictions.names)
            column, broken = 3, pa.array(rows, pa.list_(pa.float32()))
        else:
            continue
        whole = predictions.table
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value = found.value(Predictions(whole.set_column(column, whole.schema.field(column), broken)))
        looks = target == "score" or kind in (
            "roc_auc", "average_precision", "log_loss", "brier", "expected_calibration_error", "label_ranking",
            "adaptive_calibration_error", "debiased_calibration_error", "classwise_calibration_error", "risk_coverage_area",
            "excess_risk_coverage_area",
        )  # fmt: skip
        assert np.isnan(value) == looks
