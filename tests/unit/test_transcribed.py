"""What every target of transcripts measures, and what its metrics make of it."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from burnish.core.component import build
from burnish.evaluation.mistakes import mistakes
from burnish.evaluation.scores import metrics_for, scores
from burnish.targets import Decoded, Outcome
from tests.transcript_cases import Heard, transcript_table


def measured(truth: str, answer: str | None, **settings: Any) -> dict[str, float]:
    target = Heard(**settings)
    decoded = Decoded(answer, np.zeros(0, np.float32), -1.0, "stop", 4)
    return dict(zip(target.columns(), target.measures(Outcome(truth, decoded, 3.0, 2.0)), strict=True))


def test_normalised_and_raw_errors_stand_side_by_side() -> None:
    found = measured("The Ferry leaves, now.", "the ferry leave now and")
    assert (found["word_substitutions"], found["word_deletions"], found["word_insertions"]) == (1, 0, 1)
    assert (found["words"], found["raw_words"], found["raw_word_errors"]) == (4, 4, 5)
    assert (found["characters"], found["character_errors"]) == (len("the ferry leaves now"), 5)
    assert (found["right"], found["nats"], found["tokens"], found["written"], found["stopped"]) == (0, 3, 2, 4, 1)
    assert measured("The Ferry.", "the ferry")["right"] == 1
    assert measured("The Ferry.", "the ferry", texts="none")["right"] == 0
    assert measured("don't", "do not")["right"] == 0
    assert measured("don't", "do not", texts="english")["right"] == 1


def test_what_was_not_answered_is_not_a_number() -> None:
    found = measured("two words", None)
    assert found["words"] == 2
    assert all(math.isnan(found[name]) for name in ("word_deletions", "character_errors", "raw_word_errors", "right"))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "no transcript"),
        (float("nan"), "no transcript"),
        ("  ", "blank"),
        (7, "int"),
        (["a"], "list"),
        ("yes", ""),
    ],
)
def test_problems(value: Any, problem: str) -> None:
    target = Heard()
    assert problem in target.problem_with(value)
    assert bool(problem) == bool(target.problem_with(value))
    assert target.truth(value) == (None if problem else value)


def test_the_corpus_is_divided_once() -> None:
    """Two rows, one of one word: a mean of rows would be 0.5."""
    table = transcript_table(["a b c d", "e"], ["a b c d", "x"])
    assert build("burnish.metrics", "wer").value(table) == pytest.approx(0.2)  # type: ignore[attr-defined]


def test_references_without_words() -> None:
    """Their insertions count; a corpus of nothing else has no rate, and the report leaves it out."""
    table = transcript_table(["...", "one word"], ["three words here", "one word"])
    assert build("burnish.metrics", "wer").value(table) == pytest.approx(3 / 2)  # type: ignore[attr-defined]
    silent = transcript_table(["...", "!"], ["words", ""])
    assert math.isnan(build("burnish.metrics", "wer").value(silent))  # type: ignore[attr-defined]
    metrics = metrics_for(Heard())
    found = scores(silent, metrics, Heard.headline, seed=0, resamples=20)
    assert {"wer", "cer", "insertion_rate"} <= set(found["not_applied"])


def test_scores_name_the_normalisation_and_its_version() -> None:
    table = transcript_table(["a b", "c d"], ["a b", "c x"], texts="english")
    metrics = metrics_for(Heard())
    assert {metric.label for metric in metrics} >= {"wer", "cer", "raw_wer", "sentence_accuracy", "deletion_rate"}
    found = scores(table, metrics, Heard.headline, seed=0, resamples=20)
    assert found["texts"] == {"normalisation": "english", "version": "1"}
    assert found["headline"] == ["wer", "cer", "raw_wer", "sentence_accuracy"]
    assert found["metrics"]["wer"]["value"] == 0.25


def test_the_worst_utterances_come_first() -> None:
    table = transcript_table(["a b c", "d e", "f."], ["a x y", "d", "F"])
    worst, wrong = mistakes(table)
    assert [(one.row, one.size) for one in worst] == [(0, 2.0), (1, 1.0)]
    assert wrong == 2


def test_targets_of_transcripts_need_no_torch_and_no_rapidfuzz_to_be_imported() -> None:
    program = (
        "import sys\nsys.modules.update(dict.fromkeys(['torch', 'transformers', 'rapidfuzz']))\n"
        "from burnish.media.transcript.normalising import normalised\n"
        "import burnish.media.transcript.edits, burnish.targets\n"
        "assert normalised('A, b', 'english') == 'a b'\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
