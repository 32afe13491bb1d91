"""The report on transcripts: word errors by kind, confused words, parts of the examples, and words to listen to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.core.predictions import Predictions
from burnish.evaluation.baselines import Baseline, baseline_scores
from burnish.evaluation.hallucination import hallucination, wordless_sounds
from burnish.evaluation.real_time import real_time
from burnish.evaluation.scores import metrics_for, scores
from burnish.evaluation.word_errors import by_duration, by_value, dividing, word_errors
from burnish.media.sound.reading import as_wav
from burnish.report import markdown
from burnish.report import write as report
from burnish.report.rows import row_columns
from burnish.report.summary import summary
from tests.transcript_cases import Heard, transcript_table
from tests.undrawn import leave_pictures_empty

DRAWN = {"seed": 0, "resamples": 200, "level": 0.95}
SAID = ["The ferry leaves at nine.", "no ferry today", "a <b>bold</b> word", "late again", "पानी दो", "late late"]
BEFORE = ["a fairy leaves at nine", "no no no", "bold words", "again", "पानी", "light"]
AFTER = ["the fairy leaves at nine", "no ferry today then", "a <b>bold</b> ward", "late again", "पानी दो", "light late"]
GROUPS = ["ada", "ada", "ben", "ben", "cleo", "cleo"]


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_pictures_empty(monkeypatch)


def tables(groups: list[str] | None = GROUPS) -> tuple[Predictions, Predictions]:
    return transcript_table(SAID, AFTER, groups), transcript_table(SAID, BEFORE, groups)


def written(folder: Path, **changes: Any) -> str:
    after, before = tables()
    metrics = metrics_for(Heard())
    note = "the checkpoint as it was before training, on the same rows"
    baselines = baseline_scores(after, {"base": Baseline(before, note)}, metrics, Heard.headline, seed=0, resamples=200)
    settings: dict[str, Any] = {
        "facts": {"name": "harbour", "task": "speech x transcript"},
        "scores": scores(after, metrics, Heard.headline, seed=0, resamples=200),
        "baselines": baselines,
        "audit": None,
        "events": [],
        "predictions": after,
        "base": before,
        "inputs_shown": lambda row: f"clips/{row}.wav",
        "inputs_heard": lambda row: as_wav(np.zeros(80, np.float32), 8000),
        "inputs_beside": lambda rows: {"seconds": [0.5 + 2 * row for row in rows], "accent": ["Cork", "Derry"] * 3},
    }
    return report.write(folder, **(settings | changes)).read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_edits_are_counted_by_word() -> None:
    found = word_errors(tables()[1])
    assert found is not None
    assert found.totals == {"hit": 7, "substitution": 6, "deletion": 6, "insertion": 0}
    assert sum(edit.count for edit in found.deletions) == 6
    (ferry,) = [edit for edit in found.substitutions if edit.said == "ferry" and edit.written == "fairy"]
    assert (ferry.count, ferry.of) == (1, 2)
    unanswered = word_errors(transcript_table(["a b"], [None]))
    assert unanswered is not None
    assert sum(unanswered.totals.values()) == 0


def test_parts_have_rates_of_their_own() -> None:
    after, _ = tables()
    ada, ben, cleo = by_value(after, GROUPS, DRAWN)
    assert (ada.name, ada.rows, ada.words, ada.wer) == ("ada", 2, 8, 2 / 8)
    assert (ben.wer, cleo.wer) == (1 / 7, 1 / 4)
    assert np.isnan(ada.low), "one speaker has no interval over speakers"
    first, second = by_value(after, ["x", "y"] * 3, DRAWN)
    assert first.low <= first.wer <= first.high
    assert second.rows == 3
    short, long = by_duration(after, [0.4, 0.9, 3.0, 4.9, None, 2.0], DRAWN)
    assert [(part.name, part.rows) for part in (short, long)] == [("below 1 s", 2), ("2 to 5 s", 3)]


def test_only_columns_that_divide_are_shown() -> None:
    columns = {
        "accent": ["Cork", "Derry"] * 3,
        "one": ["same"] * 6,
        "path": list("abcdef"),
        "votes": [1, 2, 2, 1, 2, 2],
        "score": [0.5] * 3 + [0.7] * 3,
        "empty": [None, ""] * 3,
    }
    assert dividing(columns) == ["accent", "votes"]


def test_the_report_says_how_many_words_are_wrong_and_which(tmp_path: Path) -> None:
    text = written(tmp_path)
    found = scores(tables()[0], metrics_for(Heard()), Heard.headline, seed=0, resamples=200)["metrics"]["wer"]
    assert f"WER {found['value']:.3f} (95 % CI {found['low']:.3f}–{found['high']:.3f}, n = 6 in 3 groups)" in text
    errors = section(text, "Word errors")
    assert re.search(r"\| taken for another +\| +3 \|", errors)
    assert re.search(r"\| not said +\| +1 \|", errors)
    assert re.search(r"\| wrong, normalised +\| +4 \| +0\.211 \|", errors)
    assert re.search(r"\| wrong, as written +\| +6 \| +0\.353 \|", errors)
    assert "form `basic`, version `1`" in errors
    confused = section(text, "Confused words")
    assert "- `ferry` as `fairy`: 1 of 2" in confused
    assert "- `then`: 1 of 1 written" in confused
    parts = section(text, "Word error rate of parts of the examples")
    assert [line for line in parts.splitlines() if line.startswith("###")] == [
        "### By duration",
        "### By group, the worst first",
        "### By `accent`",
    ]
    assert "Intervals resample groups" in parts
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({markdown.width(line) for line in block.splitlines()}) == 1
    assert "nan" not in text


def test_fine_tuning_is_told_in_word_error_rate_with_its_interval(tmp_path: Path) -> None:
    text = written(tmp_path)
    first = "\n".join(text.splitlines()[:8])
    assert re.search(r"> Better than the .*: WER -0\.\d{3} \(95 % CI -0\.\d{3} to -0\.\d{3}\)", first)
    before = section(text, "Answers before and after")
    assert "- recording: clips/" in before
    assert "- said: The ferry leaves at nine." in before
    assert "- before: a fairy leaves at nine" in before


def test_the_page_shows_aligned_words_beside_each_player(tmp_path: Path) -> None:
    text = written(tmp_path)
    assert "## Worst utterances" in text
    page = (tmp_path / "pictures" / "mistakes.html").read_text(encoding="utf-8")
    assert page.count("<audio controls") == 4
    assert '<span class="both"><del>ferry</del>&#8202;<ins>fairy</ins></span>' in page
    assert "<ins>then</ins>" in page
    assert "<b>bold" not in page
    assert "Words after normalisation" in page
    assert 'dir="auto"' in page


def test_long_transcripts_are_shortened_in_the_list_of_mistakes(tmp_path: Path) -> None:
    table = transcript_table([" ".join(["word"] * 500)], ["no"])
    found = scores(table, metrics_for(Heard()), Heard.headline, seed=0, resamples=20)
    pictured = written(
        tmp_path,
        predictions=table,
        base=None,
        scores=found,
        baselines={},
        inputs_beside=None,
        inputs_pictured=lambda row: np.zeros((4, 5, 3), np.uint8),
    )
    assert max(map(len, section(pictured, "Worst utterances").splitlines())) < 600
    assert "mistakes.png" not in pictured


def test_other_targets_have_no_section_of_words(tmp_path: Path) -> None:
    from tests.prediction_cases import label_table

    table = label_table(60, 5)
    found = scores(table, metrics_for("label"), ("accuracy",), seed=0, resamples=20)
    text = written(tmp_path, predictions=table, base=None, scores=found, baselines={})
    assert "## Word errors" not in text
    assert 'class="words"' not in (tmp_path / "pictures" / "mistakes.html").read_text(encoding="utf-8")


def test_words_where_nobody_speaks() -> None:
    def answer(sounds: Any) -> list[str]:
        return ["thank you" if np.abs(sound).max() > 0.1 and len(sound) > 20_000 else "" for sound in sounds]

    told = hallucination(answer, 8000)
    assert told["silence"] == {
        "sounds": 4, "seconds": 39.0, "with_words": 0, "words": 0, "words_per_minute": 0.0, "written": [],
    }  # fmt: skip
    assert (told["loud_noise"]["with_words"], told["loud_noise"]["words"]) == (3, 6)
    assert told["loud_noise"]["written"] == ["thank you"]
    assert told["loud_noise"]["words_per_minute"] == pytest.approx(6 * 60 / 39)


def test_sounds_without_words_are_always_the_same() -> None:
    one, other, third = wordless_sounds(8000), wordless_sounds(8000), wordless_sounds(8000, seed=1)
    assert all(np.array_equal(a, b) for kind in one for a, b in zip(one[kind], other[kind], strict=True))
    assert not np.array_equal(one["loud_noise"][0], third["loud_noise"][0])
    assert not np.any(one["silence"][0])
    assert np.sqrt(np.mean(one["loud_noise"][3] ** 2)) == pytest.approx(0.1, rel=0.01)
    assert {len(sound) for sound in one["quiet_noise"]} == {8000, 24000, 80000, 200000}


def test_the_real_time_factor_is_work_by_seconds_of_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    calls: list[int] = []

    def answer(sounds: Any) -> None:
        calls.append(len(sounds))
        time.sleep(0.01)

    found = real_time(answer, list(range(10)), [1.0] * 10, batch=4)
    assert (found["sounds"], found["seconds"]) == (10, 10.0)
    assert calls == [1] + [1] * 30 + [4, 4, 2] * 3
    assert found["alone"] >= 0.01
    assert 0.003 <= found["together"] < found["alone"]
    monkeypatch.setattr("burnish.evaluation.real_time.ENOUGH", 0.0)
    calls.clear()
    real_time(answer, [1, 2], [1.0, 1.0])
    assert calls == [1, 1, 1, 2], "what takes long is not repeated"
    with pytest.raises(ValueError, match="no seconds"):
        real_time(answer, [], [])


def test_the_report_tells_both(tmp_path: Path) -> None:
    after, _ = tables()
    told = scores(after, metrics_for(Heard()), Heard.headline, seed=0, resamples=50)
    told["hallucination"] = hallucination(lambda sounds: ["<b>you</b>"] * len(sounds), 8000)
    told["real_time"] = {"sounds": 3, "seconds": 9.0, "alone": 0.25, "together": 0.125}
    text = section(written(tmp_path, scores=told), "Where nobody speaks")
    assert re.search(r"\| quiet noise \| +4 \| +39 \| +4 \| +12 \|", text)
    assert "&lt;b&gt;you" in text
    assert "Real-time factor on this machine: 0.250 one by one, 0.125 together (3 recordings, 9 s)" in text


def test_other_columns_and_durations_of_rows(tmp_path: Path) -> None:
    """Columns that the input and the target do not read; durations from what was found in the files."""
    import pyarrow as pa

    from burnish.core.component import build
    from burnish.data.table import Inspection, Table

    arrow = pa.table(
        {"audio": ["a", "b", "c"], "text": ["x", "y", "z"], "accent": ["Cork", "Derry", None], "loud": [0.1, 0.2, 0.3]}
    )
    facts = pa.table({"seconds": [1.5, None, 4.0]})
    table = Table(arrow, (), inspection=Inspection(np.zeros(3, np.uint64), {}, facts))
    reads: Any = build("burnish.inputs", {"kind": "speech", "column": "audio"})
    found = row_columns(reads, Heard(), table)([2, 0, 1])
    assert found == {"accent": [None, "Cork", "Derry"], "seconds": [4.0, 1.5, None]}
    text: Any = build("burnish.inputs", {"kind": "text", "columns": ["audio"]})
    assert row_columns(text, Heard(), table)([0]) == {"accent": ["Cork"]}


def test_the_summary_leads_with_word_error_rate() -> None:
    after, _ = tables()
    found = scores(after, metrics_for(Heard()), Heard.headline, seed=0, resamples=50)
    assert summary(found, {}, after)[0].startswith("WER 0.211 (95 % CI ")
