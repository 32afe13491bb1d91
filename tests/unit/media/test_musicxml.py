"""What is read of MusicXML, and what is refused."""

from __future__ import annotations

import io
import zipfile
from fractions import Fraction

import pytest

from burnish.core.errors import InputError
from burnish.media.music.musicxml import MOST_BYTES, tune_of_musicxml
from burnish.media.music.tune import Bar, Chord, Key, Note, Part

F = Fraction


def note(step: str, length: int, *, octave: int = 4, more: str = "", first: str = "") -> str:
    return f"<note>{first}<pitch><step>{step}</step><octave>{octave}</octave></pitch><duration>{length}</duration>{more}</note>"


HEAD = (
    "<attributes><divisions>2</divisions><key><fifths>-1</fifths><mode>minor</mode></key>"
    "<time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
)


def score(*parts: str, listed: str = "", title: str = "") -> bytes:
    listed = listed or "".join(
        f'<score-part id="P{n}"><part-name>Part {n}</part-name></score-part>' for n in range(len(parts))
    )
    body = "".join(f'<part id="P{n}">{part}</part>' for n, part in enumerate(parts))
    work = f"<work><work-title>{title}</work-title></work>" if title else ""
    return f'<?xml version="1.0"?><score-partwise>{work}<part-list>{listed}</part-list>{body}</score-partwise>'.encode()


def bar(inside: str) -> str:
    return f"<measure>{inside}</measure>"


def test_notes_bars_key_meter_and_title() -> None:
    upper = bar(HEAD + note("C", 2)) + bar(note("D", 4) + note("F", 4, first="<chord/>") + note("E", 2))
    lower = bar(HEAD + note("C", 1, octave=3) + "<forward><duration>1</duration></forward>") + bar(
        note("A", 6, octave=2) + "<backup><duration>6</duration></backup>" + note("A", 2, octave=3)
    )
    tune = tune_of_musicxml(score(upper, lower, title="A  tune"))
    assert (tune.title, tune.key, tune.meter) == ("A tune", Key(2, "minor"), (3, 4))
    assert tune.bars == (Bar(F(0), F(1), (3, 4)), Bar(F(1), F(3), (3, 4)))
    assert tune.notes == (
        Note(F(0), F(1), 60, 0),
        Note(F(0), F(1, 2), 48, 1),
        Note(F(1), F(2), 62, 0),
        Note(F(1), F(2), 65, 0),
        Note(F(1), F(3), 45, 1),
        Note(F(1), F(1), 57, 1),
        Note(F(3), F(1), 64, 0),
    )
    assert [part.name for part in tune.parts] == ["Part 0", "Part 1"]


def test_tied_notes_are_one_also_where_the_end_of_the_tie_is_not_written() -> None:
    tied = bar(HEAD + note("C", 6, more='<tie type="start"/>')) + bar(
        note("C", 6, more='<tie type="stop"/><tie type="start"/>')
    )
    tune = tune_of_musicxml(score(tied + bar(note("C", 2) + note("C", 4))))
    assert [(n.start, n.length) for n in tune.notes] == [(0, 7), (7, 2)]


def test_rests_move_on_and_grace_and_cue_notes_do_not_sound() -> None:
    grace = "<note><grace/><pitch><step>G</step><octave>4</octave></pitch></note>"
    cue = note("G", 2, first="<cue/>")
    rest = "<note><rest/><duration>2</duration></note>"
    tune = tune_of_musicxml(score(bar(HEAD + grace + rest + cue + note("A", 2))))
    assert [(n.start, n.pitch) for n in tune.notes] == [(2, 69)]


def test_a_transposing_instrument_stands_as_it_sounds() -> None:
    down = HEAD.replace("</attributes>", "<transpose><chromatic>-2</chromatic></transpose></attributes>")
    tune = tune_of_musicxml(score(bar(down + note("D", 2))))
    assert [n.pitch for n in tune.notes] == [60]
    assert tune.key == Key(0, "minor")


def test_instruments_and_drums() -> None:
    listed = (
        '<score-part id="P0"><part-name>Flute</part-name><midi-instrument id="i"><midi-program>74</midi-program>'
        '</midi-instrument></score-part><score-part id="P1"><part-name>Kit</part-name><midi-instrument id="snare">'
        "<midi-channel>10</midi-channel><midi-unpitched>39</midi-unpitched></midi-instrument></score-part>"
    )
    drum = '<note><unpitched/><duration>2</duration><instrument id="snare"/></note>'
    tune = tune_of_musicxml(score(bar(HEAD + note("C", 2)), bar(HEAD + drum), listed=listed))
    assert tune.parts == (Part("Flute", 73), Part("Kit", 0, True))
    assert [(n.voice, n.pitch) for n in tune.notes] == [(0, 60), (1, 38)]


def test_tempo_from_sound_or_metronome_and_chord_symbols() -> None:
    metronome = (
        "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/><per-minute>60</per-minute>"
        "</metronome></direction-type></direction>"
    )
    harmony = (
        "<harmony><root><root-step>F</root-step><root-alter>1</root-alter></root><kind>minor-seventh</kind>"
        "<bass><bass-step>E</bass-step></bass></harmony>"
    )
    inside = HEAD + metronome + note("C", 2) + '<sound tempo="100.5"/>' + harmony + note("D", 4)
    tune = tune_of_musicxml(score(bar(inside)))
    assert tune.tempos == ((F(0), 90.0), (F(1), 100.5))
    assert tune.chords == (Chord(F(1), "F#m7/E"),)


@pytest.mark.parametrize(
    ("time", "meter"),
    [
        ("<beats>2+3</beats><beat-type>8</beat-type>", (5, 8)),
        ("<senza-misura/>", None),
        ("<beats>2</beats><beat-type>4</beat-type><beats>3</beats><beat-type>8</beat-type>", None),
    ],
)
def test_meters(time: str, meter: tuple[int, int] | None) -> None:
    head = f"<attributes><divisions>2</divisions><time>{time}</time></attributes>"
    assert tune_of_musicxml(score(bar(head + note("C", 2)))).meter == meter


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_zipped_scores_and_other_encodings() -> None:
    plain = score(bar(HEAD + note("C", 2)), title="Größe")
    container = b'<container><rootfiles><rootfile full-path="b.xml"/></rootfiles></container>'
    files = {"META-INF/container.xml": container, "a.xml": b"<no/>", "b.xml": plain}
    expected = tune_of_musicxml(plain)
    assert expected.title == "Größe"
    assert tune_of_musicxml(zipped(files)) == expected
    assert tune_of_musicxml(zipped({"x/only.musicxml": plain})) == expected
    assert tune_of_musicxml(plain.decode().replace('"1.0"', '"1.0" encoding="UTF-16"').encode("utf-16")) == expected


def test_timewise_is_read_like_partwise() -> None:
    part = bar(HEAD + note("C", 2)) + bar(note("D", 2))
    first, second = (f'<measure><part id="P0">{m}</part></measure>' for m in (HEAD + note("C", 2), note("D", 2)))
    timewise = (
        '<score-timewise><part-list><score-part id="P0"><part-name>Part 0</part-name></score-part></part-list>'
        f"{first}{second}</score-timewise>"
    ).encode()
    assert tune_of_musicxml(timewise) == tune_of_musicxml(score(part))


BOMB = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><score-partwise>&b;</score-partwise>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><score-partwise>&a;</score-partwise>'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no element"),
        (b"MThd\x00", "well-formed"),
        (b"<html></html>", "<html>"),
        (score(bar(HEAD + note("C", 2)))[:-20], "no element|unclosed|mismatched"),
        (score(bar(HEAD + note("H", 2))), "bar 1: 'H' is no step"),
        (score(bar(HEAD + note("C", 2, octave=99))), "bar 1: .*no MIDI pitch"),
        (score(bar(HEAD.replace("<divisions>2", "<divisions>0") + note("C", 2))), "0 divisions"),
        (score(bar(HEAD.replace("<divisions>2", "<divisions>1e400") + note("C", 2))), "no number"),
        (score(bar(HEAD.replace("<divisions>2", "<divisions>x") + note("C", 2))), "no number"),
        (score(bar(HEAD), listed='<score-part id="other"/>'), "'P0' is not in the part list"),
        (BOMB, "entity"),
        (OUTSIDE, "entity"),
        (b"<score-partwise>" * 100, "deep"),
        (zipped({"readme.txt": b"x"}), "no score"),
        (zipped({"a.xml": b" " * (MOST_BYTES + 1)}), "unzips to more"),
        (zipped({"a.xml": score(bar(HEAD))})[:-30], "archive"),
    ],
)
def test_what_is_broken_is_named(data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as raised:
        tune_of_musicxml(data, "folder/tune.mxl")
    assert raised.value.place == "folder/tune.mxl"


@pytest.mark.parametrize("place", range(30, 120, 7))
def test_a_damaged_archive_ends_in_one_kind_of_error(place: int) -> None:
    data = bytearray(zipped({"a.xml": score(bar(HEAD + note("C", 2)))}))
    data[place] ^= 0xFF
    with pytest.raises(InputError, match="MusicXML"):
        tune_of_musicxml(bytes(data))


def test_an_outer_document_type_is_not_fetched() -> None:
    plain = score(bar(HEAD + note("C", 2)))
    typed = plain.replace(
        b"<score-partwise>", b'<!DOCTYPE score-partwise PUBLIC "-//x" "http://localhost:9/p.dtd"><score-partwise>'
    )
    assert tune_of_musicxml(typed) == tune_of_musicxml(plain)


def test_an_encoding_that_nobody_knows_is_a_broken_file() -> None:
    with pytest.raises(InputError, match="unknown encoding"):
        tune_of_musicxml(b'<?xml version="1.0" encoding="nonsense"?><score-partwise/>', "song.musicxml")
