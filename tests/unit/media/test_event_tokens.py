"""Tunes as event tokens and back, the orders in which they may follow, windows, and what is lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.midi_cases import configuration, piece, tokens, wild

from burnish.core.errors import InputError
from burnish.core.files import write_json
from burnish.media.music.events import loading
from burnish.media.music.events import tokens as events
from burnish.media.music.events.orders import HeldEvents, Orders, Place, orders_of
from burnish.media.music.events.processor import FILE, MusicProcessor
from burnish.media.music.events.round_trip import lost
from burnish.media.music.events.tokens import END, EventTokens, Scheme
from burnish.media.music.midi import midi_of_tune
from burnish.media.music.tune import Bar, Note, Part, Tune

F = Fraction
STEP = F(1, 12)
SCHEMES: tuple[Scheme, ...] = ("REMI", "TSD")


def processor(limit: int | None = None, overlap: int = 0, captions: str = "bytes") -> MusicProcessor:
    return MusicProcessor(tokens(), 0, captions, None, (), limit, overlap)  # type: ignore[arg-type]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_piece_comes_back(scheme: Scheme) -> None:
    known = tokens(scheme)
    for seed in range(5):
        before = piece(seed)
        after = known.tune_of(known.tokens_of(before).tolist())
        found = lost(before, after, STEP)
        assert (found.gone, found.moved, found.meter) == (0, 0, False), seed
        assert after.tempos == before.tempos
        assert {(p.program, p.drums) for p in after.parts} == {(73, False), (40, False), (0, True)}


def test_the_vocabulary_is_that_of_the_settings_and_not_of_what_was_read() -> None:
    again = events.made("REMI", positions=12, velocities=8, tempos=24, rests=True)
    assert again.names == tokens().names
    assert again.fingerprint() == tokens().fingerprint()
    assert events.made("REMI", positions=4, velocities=8, tempos=24, rests=True).fingerprint() != again.fingerprint()


def test_midi_tok_reads_its_own_json(tmp_path: Path) -> None:
    tokens().save(tmp_path)
    read = events.read(tmp_path)
    assert read is not None
    assert read.names == tokens().names
    assert read.tokens_of(piece(1)).tolist() == tokens().tokens_of(piece(1)).tolist()
    assert json.loads((tmp_path / events.FILE).read_text())["tokenization"] == "REMI"


@pytest.mark.parametrize("text", ["{}", "[]", "no", '{"tokenization": "Octuple"}', '{"tokenization": "os"}'])
def test_what_is_no_tokenizer_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / events.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as raised:
        events.read(tmp_path)
    assert events.FILE in raised.value.place


def wrong(orders: Orders, tokens: Sequence[int]) -> int | None:
    """The first place of a token that may not stand there; None where all may, and the tune may end."""
    place = Place()
    for number, token in enumerate(tokens):
        if token not in orders.allowed(place, 10**9):
            return number
        place = orders.after(place, token)
    end = orders.tokens.ids[END]
    return None if not len(tokens) or end in orders.allowed(place, 10**9) else len(tokens)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_order_that_midi_tok_writes_is_allowed(scheme: Scheme) -> None:
    orders = Orders(tokens(scheme))
    for seed in range(40):
        tune = wild(seed)
        if not tune.notes:
            continue
        music = tokens(scheme).tokens_of(tune).tolist()
        place = wrong(orders, music)
        assert place is None, (
            seed,
            [tokens(scheme).names[t] for t in music[max(0, (place or 0) - 6) : (place or 0) + 1]],
        )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_walk_through_the_orders_is_read_with_all_its_notes(scheme: Scheme) -> None:
    """Tokens at random within the orders: MidiTok reads them, each note is there, and the tune ends within its bound."""
    known, random = tokens(scheme), np.random.default_rng(0)
    for _ in range(25):
        most = int(random.integers(8, 120))
        held, written = HeldEvents(orders_of(known.saved), 0, most), list[int]()
        for _ in range(most):
            logits = held.masked(random.gumbel(size=len(known)).astype(np.float32))
            token = int(logits.argmax())
            assert np.isfinite(logits[token])
            if token == known.ids[END]:
                break
            written.append(token)
            held.took(token)
        else:
            pytest.fail(f"no end within {most} tokens")
        notes = sum(known.names[token].startswith("Pitch") for token in written)
        assert notes > 0
        assert len(known.tune_of(written).notes) == notes


def test_after_is_took_without_a_change() -> None:
    """For beams: the sequence that goes on is another one."""
    known, orders = tokens(), orders_of(tokens().saved)
    music = known.tokens_of(piece(3)).tolist()
    logits = np.zeros(len(known), np.float32)
    held = HeldEvents(orders, 0, 1000)
    for token in music:
        before = held.masked(logits)
        following = held.after(token)
        np.testing.assert_array_equal(held.masked(logits), before)
        held.took(token)
        np.testing.assert_array_equal(held.masked(logits), following.masked(logits))


@pytest.mark.parametrize(
    ("written", "never"),
    [
        (["Bar_None", "TimeSig_3/4", "Position_12"], ["Position_12", "Position_0", "Position_36", "Velocity_79", END]),
        (
            ["Bar_None", "TimeSig_3/4", "Position_12", "Program_0", "Pitch_60", "Velocity_79", "Duration_1.0.12"],
            ["Pitch_60"],
        ),
        (["Bar_None", "TimeSig_3/4", "Position_0", "Program_-1"], ["Pitch_60"]),
        (["Bar_None", "TimeSig_3/4", "Position_0", "Program_0"], ["PitchDrum_38", "Bar_None"]),
        ([], ["TimeSig_3/4", "Pitch_60", END]),
    ],
)
def test_what_may_not_follow(written: list[str], never: list[str]) -> None:
    known, orders, place = tokens(), orders_of(tokens().saved), Place()
    for name in written:
        assert known.ids[name] in orders.allowed(place, 100)
        place = orders.after(place, known.ids[name])
    allowed = set(orders.allowed(place, 100).tolist())
    assert not allowed & {known.ids[name] for name in never}


def test_lost_notes_are_counted_one_by_one() -> None:
    parts = (Part("", 0), Part("", 0))
    before = Tune(
        (Note(F(0), F(1), 60), Note(F(0), F(1), 60, 1), Note(F(1, 50), F(1), 62), Note(F(3), F(1), 64)), parts=parts
    )
    after = Tune((Note(F(0), F(1), 60), Note(F(0), F(1), 62), Note(F(2), F(1), 64)))
    found = lost(before, after, STEP)
    assert (found.notes, found.gone, found.moved) == (4, 2, 1)
    assert "2 of 4 notes lost" in str(found)


def test_what_tokens_cannot_say_is_found() -> None:
    """Two voices of one instrument in unison become one note; a meter without a token becomes 4/4."""
    full = F(15, 4)
    notes = (Note(F(0), F(1), 60), Note(F(0), F(1), 60, 1), Note(F(1), F(1), 62))
    tune = Tune(notes, (Bar(F(0), full, (15, 16)),), (Part("", 5), Part("", 5)), None, (15, 16))
    found = processor().lost_of(midi_of_tune(tune))
    assert (found.notes, found.gone, found.meter) == (3, 1, True)


@pytest.mark.parametrize("overlap", [0, 24])
def test_windows_are_cut_at_bars_and_every_event_is_learned_once(overlap: int) -> None:
    reader, music = processor(96, overlap), tokens().tokens_of(piece(4, 30)).tolist()
    windows = list(reader.windows("a waltz", music))
    assert len(windows) > 4
    prompt = reader.prompt("a waltz")
    learned, shown = list[int](), 0
    for number, window in enumerate(windows):
        assert len(prompt) + len(window.again) + len(window.new) <= 96
        new = window.new.tolist()
        assert tokens().names[new[0]] == "Bar_None"
        shown += len(window.again) > 0
        assert len(window.again) <= (overlap + 1 if number else 0)
        learned += new
    assert (shown > 0) == (overlap > 0)
    added = [t for t in learned if tokens().names[t].startswith("Program")]
    kept = [t for t in learned if not tokens().names[t].startswith("Program")]
    whole = [t for t in [*music, reader.end] if not tokens().names[t].startswith("Program")]
    assert kept == whole
    assert len(added) >= sum(tokens().names[t].startswith("Program") for t in music), (
        "named again where a window begins"
    )


def test_the_instrument_is_named_where_a_window_begins() -> None:
    notes = tuple(Note(F(n), F(1), 60 + n % 12) for n in range(80))
    bars = tuple(Bar(F(4 * n), F(4), (4, 4)) for n in range(20))
    music = tokens().tokens_of(Tune(notes, bars, (Part("", 73),), None, (4, 4))).tolist()
    for window in processor(64).windows("", music):
        tune = tokens().tune_of(window.new.tolist())
        assert [part.program for part in tune.parts] == [73]
        assert [tune.meter] == [(4, 4)]
    assert [p.program for p in tokens().tune_of(processor(64).end_of(music)).parts] == [73]
    assert len(processor(64).end_of(music)) <= 34


def test_captions_are_told_alike_and_read_back() -> None:
    reader = processor()
    assert reader.prompt("  A Waltz\nin D ") == reader.prompt("a waltz in d")
    assert reader.shown([*reader.prompt("Größe"), reader.end]) == "größe BOS_None EOS_None"
    assert reader.prompt("") == [reader.begin]
    assert processor(captions="none").prompt("a waltz") == [reader.begin]
    with pytest.raises(InputError, match="at most half"):
        processor(32).prompt("a" * 40)


def test_a_processor_is_restored_from_its_settings_and_from_its_folder(tmp_path: Path) -> None:
    made = loading.begun(configuration(tmp_path / "a"), tokens(), captioned=True, max_length=None, overlap=8)
    assert (made.limit, made.first, made.captions, made.size) == (256, 0, "bytes", len(tokens()) + 256)
    made.save(tmp_path / "a")
    for read in (loading.read(tmp_path / "a"), loading.read(tmp_path / "a", made.settings())):
        assert read is not None
        assert read.fingerprint() == made.fingerprint()
    assert loading.read(tmp_path) is None
    with pytest.raises(InputError, match="at most 256"):
        loading.begun(tmp_path / "a", tokens(), captioned=True, max_length=300, overlap=0)
    write_json(tmp_path / "a" / FILE, {"first": "x"})
    with pytest.raises(InputError):
        loading.read(tmp_path / "a")


def test_tokens_of_no_music_are_no_music() -> None:
    assert tokens().tune_of([]).notes == ()
    assert tokens().tune_of([tokens().ids["Pitch_60"]]).notes == ()
    assert EventTokens(tokens().saved).tune_of(list(range(len(tokens())))).length >= 0
