"""Tunes from MusicXML, plain or zipped. A reader of our own for what sounds: notes, bars, keys, tempo, chord symbols, instruments.

Nothing outside the file is opened, and a file that declares entities is refused.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from lzma import LZMAError
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from burnish.core.errors import InputError
from burnish.media.music._musicxml_values import chord_name, meter_of, number, pitch_of, tempo_of, written_key
from burnish.media.music.tune import Bar, Chord, Key, Note, Part, Tune

ENDINGS = (".musicxml", ".mxl", ".xml")
MOST_BYTES = 64_000_000
"""Of the XML, unzipped: a symphony takes about 20 MB."""
DEEPEST = 64
"""Elements in each other; MusicXML needs about ten."""


def tune_of_musicxml(data: bytes, place: str = "") -> Tune:
    """The tune of a MusicXML file.

    A part is a voice, whatever voices are written in it. Tied notes are one; repeats are read once. Grace and cue notes, and
    drums whose sound the file does not say, are left out. Transposing instruments stand as they sound.

    Args:
        data: the file, .musicxml or .mxl.
        place: its path, for messages.

    Raises:
        InputError: no MusicXML, a broken or very large file, or one with entities.
    """
    try:
        root = _parsed(_unzipped(data, place) if data[:2] == b"PK" else data)
        if root.tag not in ("score-partwise", "score-timewise"):
            raise ValueError(f"the file is <{root.tag}>, not <score-partwise>")
        return _Score(root).tune()
    except (ValueError, LookupError, ZeroDivisionError, expat.ExpatError) as error:
        raise InputError(
            f"not MusicXML, or a broken file: {error}", expected="a .musicxml or .mxl file", place=place
        ) from error


def _unzipped(data: bytes, place: str) -> bytes:
    """The score in a .mxl file, within bounds."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            inner = _named_root(archive) if "META-INF/container.xml" in names else None
            ends = tuple(e for e in ENDINGS if e != ".mxl")
            inner = inner or next((n for n in names if n.lower().endswith(ends) and not n.startswith("META-INF")), None)
            if inner is None or inner not in names:
                raise ValueError("the archive holds no score")
            return _read(archive, inner, MOST_BYTES)
    except (
        zipfile.BadZipFile,
        zlib.error,
        LZMAError,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        KeyError,
    ) as error:
        raise ValueError(f"the archive cannot be read: {error}") from error


def _read(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    with archive.open(name) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"{name} unzips to more than {most:,} bytes")
    return data


def _named_root(archive: zipfile.ZipFile) -> str | None:
    root = _parsed(_read(archive, "META-INF/container.xml", 100_000))
    found = next((e for e in root.iter() if e.tag.rpartition("}")[2] == "rootfile"), None)
    return None if found is None else found.get("full-path")


def _parsed(data: bytes) -> Element:
    if len(data) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES:,} bytes")
    builder, depth = TreeBuilder(), [0]
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(tag: str, attributes: dict[str, str]) -> None:
        depth[0] += 1
        if depth[0] > DEEPEST:
            raise ValueError(f"elements stand in each other more than {DEEPEST} deep")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        depth[0] -= 1
        builder.end(tag)

    def entity(*declared: object) -> None:
        raise ValueError(f"it declares the entity {declared[0]!r}, which burnish does not read")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.EntityDeclHandler = builder.data, entity
    parser.Parse(data, True)
    root = builder.close()
    assert isinstance(root, Element)
    return root


@dataclass
class _Voice:
    """A part while it is read.

    Attributes:
        part: what it is played with.
        drums: from the number of an instrument to its drum.
        divisions: of a quarter note.
        up: semitones from what is written to what sounds.
        open: notes that a tie goes on from, by pitch and written voice: their places in `notes`.
    """

    part: Part
    drums: dict[str, int]
    divisions: Fraction = Fraction(1)
    up: int = 0
    notes: list[Note] = field(default_factory=list)
    open: dict[tuple[int, str], int] = field(default_factory=dict)


class _Score:
    """A score while it is read, all parts bar by bar."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.voices = {e.get("id", ""): _voice(e) for e in root.findall("part-list/score-part")}
        self.key: Key | None = None
        self.meter: tuple[int, int] | None = None
        self.tempos: dict[Fraction, float] = {}
        self.chords: list[Chord] = []

    def tune(self) -> Tune:
        """The whole of it."""
        bars: list[Bar] = []
        start = Fraction(0)
        for number_, bar in enumerate(self._bars(), 1):
            try:
                length = max((self._bar(voice, e, start, index) for index, voice, e in bar), default=Fraction(0))
            except (ValueError, ZeroDivisionError) as error:
                raise ValueError(f"bar {number_}: {error}") from error
            if length > 0:
                bars.append(Bar(start, length, self.meter))
                start += length
        notes = sorted(
            (note for voice in self.voices.values() for note in voice.notes),
            key=lambda n: (n.start, n.voice, n.pitch, n.length),
        )
        if self.tempos and Fraction(0) not in self.tempos:
            self.tempos[Fraction(0)] = 120.0
        return Tune(
            tuple(notes),
            tuple(bars),
            tuple(voice.part for voice in self.voices.values()) or (Part(),),
            self.key,
            bars[0].meter if bars else None,
            tuple(sorted(self.tempos.items())),
            tuple(sorted(self.chords, key=lambda c: c.start)),
            self._title(),
        )

    def _title(self) -> str:
        named = (self.root.findtext(path) for path in ("work/work-title", "movement-title"))
        return next((" ".join(title.split()) for title in named if title and title.strip()), "")

    def _bars(self) -> Iterator[list[tuple[int, _Voice, Element]]]:
        """Of each bar the parts that are written in it."""
        order = {name: index for index, name in enumerate(self.voices)}
        outer, inner = ("measure", "part") if self.root.tag == "score-timewise" else ("part", "measure")
        grid = [(e, e.findall(inner)) for e in self.root.findall(outer)]
        cells: list[list[tuple[str, Element]]]
        if outer == "measure":
            cells = [[(part.get("id", ""), part) for part in parts] for _, parts in grid]
        else:
            most = max((len(bars) for _, bars in grid), default=0)
            cells = [[(e.get("id", ""), bars[n]) for e, bars in grid if n < len(bars)] for n in range(most)]
        for bar in cells:
            if lost := next((name for name, _ in bar if name not in order), None):
                raise ValueError(f"part {lost!r} is not in the part list")
            yield [(order[name], self.voices[name], e) for name, e in bar]

    def _bar(self, voice: _Voice, bar: Element, start: Fraction, index: int) -> Fraction:
        """Read a bar of a part; how long it is."""
        now = longest = before = Fraction(0)
        for element in bar:
            length = number(element.findtext("duration")) / voice.divisions
            if element.tag == "note":
                if element.find("grace") is not None:
                    continue
                begin = before if element.find("chord") is not None else now
                self._note(voice, element, start + begin, length, index)
                before, now = begin, max(now, begin + length) if begin == before else begin + length
            elif element.tag == "backup":
                now = max(now - length, Fraction(0))
            elif element.tag == "forward":
                now += length
            else:
                self._said(voice, element, start + now, index)
            longest = max(longest, now)
        return longest

    def _note(self, voice: _Voice, element: Element, start: Fraction, length: Fraction, index: int) -> None:
        pitch = pitch_of(element, voice.up, voice.drums)
        if pitch is None or length <= 0 or element.find("cue") is not None:
            return
        tied = pitch, element.findtext("voice") or ""
        held = voice.open.pop(tied, None)  # some programs leave out where a tie ends
        if held is not None and voice.notes[held].start + voice.notes[held].length == start:
            begun = voice.notes[held]
            voice.notes[held] = Note(begun.start, begun.length + length, pitch, index, begun.velocity)
        else:
            held = len(voice.notes)
            voice.notes.append(Note(start, length, pitch, index))
        if any(tie.get("type") == "start" for tie in element.findall("tie")):
            voice.open[tied] = held

    def _said(self, voice: _Voice, element: Element, at: Fraction, index: int) -> None:
        """What is no note: divisions, key, meter, tempo, a chord symbol."""
        if element.tag == "attributes":
            self._attributes(voice, element)
        elif element.tag in ("sound", "direction") and (tempo := tempo_of(element)) is not None:
            self.tempos.setdefault(at, tempo)
        elif element.tag == "harmony" and (name := chord_name(element)):
            self.chords.append(Chord(at, name))

    def _attributes(self, voice: _Voice, element: Element) -> None:
        if (written := element.findtext("divisions")) is not None:
            voice.divisions = number(written)
            if voice.divisions <= 0:
                raise ValueError(f"{written} divisions of a quarter note")
        if (transpose := element.find("transpose")) is not None:
            octaves = number(transpose.findtext("octave-change"))
            voice.up = int(number(transpose.findtext("chromatic")) + 12 * octaves)
        key = element.find("key")
        if key is not None and self.key is None and not voice.part.drums:
            found = written_key(key)
            self.key = None if found is None else found.moved(voice.up)
        if (time := element.find("time")) is not None:
            self.meter = meter_of(time)


def _voice(element: Element) -> _Voice:
    """From an entry of the part list."""
    programs, drums, drum_part = [], {}, False
    for instrument in element.findall("midi-instrument"):
        if (program := instrument.findtext("midi-program")) is not None:
            programs.append(min(max(int(number(program)) - 1, 0), 127))
        if (drum := instrument.findtext("midi-unpitched")) is not None:
            drums[instrument.get("id", "")] = min(max(int(number(drum)) - 1, 0), 127)
        drum_part |= number(instrument.findtext("midi-channel")) == 10
    drum_part |= bool(drums)
    name = " ".join((element.findtext("part-name") or "").split())
    return _Voice(Part(name, 0 if drum_part or not programs else programs[0], drum_part), drums)
