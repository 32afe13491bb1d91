"""What the audit asks targets of speech is what they go by when they encode: no row is learned that the audit calls lost."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from burnish.data.looking.file_parts import with_parts
from burnish.inputs import asked_of, lacking
from burnish.inputs.speech import Speech
from burnish.media.transcript.decoder_tokens import DecoderTokens
from burnish.media.transcript.vocabulary import Spelling
from burnish.stages.given_columns import GivenColumns
from burnish.stages.prepare.splits import GIVEN, read_splits
from burnish.targets import Timed
from burnish.targets.ctc_transcript import CtcTranscript
from burnish.targets.transcript import Transcript
from tests.data_cases import table
from tests.sound_cases import save, sound

RATE = 16000
PROMPT = (1, 2, 3)
LONGEST = 10


def words(text: str, add_special_tokens: bool) -> SimpleNamespace:
    return SimpleNamespace(ids=[10 + n for n, _ in enumerate(text.split())])


def whole(target: Any) -> Any:
    """A processor of 2 seconds at most that gives 50 frames a second."""
    return SimpleNamespace(for_input=SimpleNamespace(heard=(RATE, 2.0)), for_target=target)


DECODER: Any = DecoderTokens(SimpleNamespace(tokenizer=SimpleNamespace(encode=words)), PROMPT, (0,), LONGEST)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", range(1, 12))
def test_texts_longer_than_the_decoder_are_not_learned(count: int) -> None:
    """Neither whole nor cut: what is left of one would be learned to end in the middle."""
    target, text = Transcript(column="text"), " ".join(["word"] * count)
    assert isinstance(target, Timed)
    encoded = {"_length": np.int32(1), "_full_length": np.int32(1)}
    targets, weights = target.encode(text, encoded, whole(DECODER))  # type: ignore[arg-type]
    given = target.given(text, encoded, whole(DECODER))["decoder_input_ids"]  # type: ignore[arg-type]
    needed, longest = target.length_of(text, whole(DECODER)), target.longest(whole(DECODER))
    assert longest == LONGEST
    assert needed == len(PROMPT) + count
    assert len(targets) == len(given) == min(needed, LONGEST)  # the network has no more places
    assert bool(weights.any()) == (needed <= LONGEST)


@pytest.mark.parametrize("text", ["a", "ab", "aab", "aaaa", "abababab", "aaaaaaaa"])
@pytest.mark.parametrize("seconds", [0.02, 0.08, 0.1, 0.3, 1.0])
def test_texts_without_frames_for_them_are_not_learned(text: str, seconds: float) -> None:
    target = CtcTranscript(column="text", tokens=["<pad>", "|", "a", "b"])
    spelling = Spelling(("<pad>", "|", "a", "b"), kernels=(320,), strides=(320,))
    encoded = {name: np.int32(1) for name in ("_length", "_full_length")}
    row = {**encoded, "_samples": np.int32(seconds * RATE)}
    _, weights = target.encode(text, row, whole(spelling))  # type: ignore[arg-type]
    frames = target.frames_of(seconds, whole(spelling))
    assert bool(weights.any()) == (target.needed_frames(text, whole(spelling)) <= frames)
    assert frames == round(seconds * 50)
    assert target.frames_of(9.0, whole(spelling)) == 100  # of one window


def test_characters_that_no_token_stands_for() -> None:
    spelling = Spelling(("<pad>", "|", "a", "b"))
    target = CtcTranscript(column="text", tokens=list(spelling.tokens))
    assert target.unwritable("a b-ä ä", whole(spelling)) == "-ää"


CELLS: list[tuple[list[Any], str | None]] = [
    ([0.0, 1.5, None], "start"),
    (["0", "1.5", ""], "start"),
    ([None, None], "start"),  # a table may begin with whole files
    (["soon", "late"], None),
    ([True, False], None),
    (["nan"], None),
]


@pytest.mark.parametrize(("cells", "column"), CELLS)
def test_columns_of_beginnings_are_found_in_numbers_and_in_texts_of_numbers(
    cells: list[Any], column: str | None
) -> None:
    """CSV has texts only."""
    rows = [{"audio": f"{n}.wav", "text": "x", "start": cell} for n, cell in enumerate(cells)]
    found = Speech().inferred(["audio", "text", "start"], rows, "text")
    assert found is not None
    assert found.span_columns == (column, None)


@pytest.mark.parametrize("cells", [(0.5, 1.0), ("0.5", "1.0")])
def test_a_part_of_a_file_is_heard(cells: tuple[Any, Any], tmp_path: Path) -> None:
    save(sound(1, 2.0), tmp_path / "a.wav", subtype="FLOAT")
    made = Speech(root=str(tmp_path), start="start", end="end", features="waveform", sampling_rate=8000, seconds=2.0)
    row = {"audio": "a.wav", "start": cells[0], "end": cells[1]}
    processor = SimpleNamespace(sampling_rate=8000)
    heard = made.heard(row, processor)  # type: ignore[arg-type]
    np.testing.assert_allclose(heard, sound(1, 2.0)[4000:8000], atol=1e-6)
    to_the_end = made.heard({**row, "end": "" if isinstance(cells[0], str) else None}, processor)  # type: ignore[arg-type]
    assert len(to_the_end) == 12000


def test_a_part_of_a_file_is_the_same_part_elsewhere(tmp_path: Path) -> None:
    save(sound(1, 2.0), tmp_path / "a.wav", subtype="FLOAT")
    made = Speech(root=str(tmp_path), start="start", end="end", features="waveform", sampling_rate=8000, seconds=2.0)
    row, processor = {"audio": "a.wav", "start": 0.5, "end": 1.0}, SimpleNamespace(sampling_rate=8000)
    carried = json.loads(json.dumps(made.portable(row)))
    heard = [made.heard(one, processor) for one in (row, carried)]  # type: ignore[arg-type]
    np.testing.assert_array_equal(*heard)


def test_who_asks_need_not_say_which_part(tmp_path: Path) -> None:
    """A model that was trained on parts of files answers whole ones, and parts where they are named."""
    made = Speech(root=str(tmp_path), start="start", end="end", features="waveform", sampling_rate=8000, seconds=2.0)
    assert made.required_columns == ("audio", "start", "end")
    assert lacking(made, ["audio"]) == ()
    assert lacking(made, ["start"]) == ("audio",)
    assert asked_of(made).required_columns == ("audio",) == GivenColumns.of(made).read
    assert asked_of(Speech()) == Speech()
    save(sound(1, 2.0), tmp_path / "a.wav", subtype="FLOAT")
    assert len(made.heard({"audio": "a.wav"}, SimpleNamespace(sampling_rate=8000))) == 16000  # type: ignore[arg-type]


def test_tables_that_name_no_parts_are_whole_files(tmp_path: Path) -> None:
    save(sound(1, 2.0), tmp_path / "a.wav")
    made = Speech(root=str(tmp_path), start="start", end="end")
    given = table([{"audio": "a.wav", "text": "one", "start": 0.5}])
    parts = read_splits(
        {GIVEN: given}, made, Transcript(column="text"), tmp_path, division=None, beside_tables=True
    ).parts
    filled = parts[GIVEN].table
    assert filled.arrow.to_pylist() == [{"audio": "a.wav", "text": "one", "start": 0.5, "end": None}]
    assert with_parts(filled, made) is filled
    assert with_parts(given, Speech()) is given
