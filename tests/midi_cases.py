"""Small pieces of music as MIDI files, and configurations of small networks without weights."""

from __future__ import annotations

import csv
import json
import random
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from burnish.media.music.events.tokens import EventTokens, Scheme, made
from burnish.media.music.midi import midi_of_tune
from burnish.media.music.tune import Bar, Key, Note, Part, Tune

METERS = ((3, 4), (6, 8), (4, 4), (5, 8), (2, 2))


@cache
def tokens(scheme: Scheme = "REMI") -> EventTokens:
    """The usual tokenizer."""
    return made(scheme, positions=12, velocities=8, tempos=24, rests=True)


def piece(seed: int, bars: int = 6, meter: tuple[int, int] | None = None) -> Tune:
    """A piece in two voices and drums, its notes on twelfths of its bars."""
    r = random.Random(seed)
    meter = meter or METERS[seed % len(METERS)]
    full = Fraction(4 * meter[0], meter[1])
    notes: dict[tuple[Fraction, int, int], Note] = {}
    for number in range(bars):
        for _ in range(r.randrange(1, 5)):
            voice = r.randrange(3)
            start = full * number + full * Fraction(r.randrange(12), 12)
            pitch = r.randrange(35, 50) if voice == 2 else r.randrange(48, 84)
            notes[start, voice, pitch] = Note(start, Fraction(r.randrange(1, 12), 4), pitch, voice, 79)
    return Tune(
        tuple(notes[key] for key in sorted(notes)),
        tuple(Bar(full * number, full, meter) for number in range(bars)),
        (Part("upper", 73), Part("lower", 40), Part("drums", 0, True)),
        Key(7),
        meter,
        ((Fraction(0), 121.85),),
    )


def wild(seed: int) -> Tune:
    """A piece with changing meters and tempos, long and overlapping notes, empty bars."""
    r = random.Random(seed)
    notes, bars, start = [], list[Bar](), Fraction(0)
    for _ in range(r.randrange(1, 12)):
        meter = r.choice(METERS) if r.random() < 0.3 or not bars else bars[-1].meter
        assert meter is not None
        full = Fraction(4 * meter[0], meter[1])
        bars.append(Bar(start, full, meter))
        for _ in range(r.randrange(5)):
            length = Fraction(r.randrange(1, 30), r.choice([3, 4, 8]))
            notes.append(Note(start + full * Fraction(r.randrange(12), 12), length, r.randrange(128), r.randrange(3)))
        start += full
    tempos = {Fraction(r.randrange(40), 2): float(r.randrange(40, 200)) for _ in range(r.randrange(3))}
    parts = (Part("", 3), Part("", 40), Part("", 0, True))
    ordered = tuple(sorted(notes, key=lambda n: (n.start, n.voice, n.pitch)))
    return Tune(ordered, tuple(bars), parts, None, bars[0].meter, tuple(sorted(tempos.items())))


def folder(place: Path, count: int, *, captions: bool = False, bars: int = 4) -> Path:
    """A folder of MIDI files, with a table of captions where it is wanted."""
    place.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (place / f"piece{number:02}.mid").write_bytes(midi_of_tune(piece(number, bars)))
    if captions:
        with (place / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["file_name", "caption"])
            writer.writerows([f"piece{n:02}.mid", f"a piece in {_said(n)}, number {n}"] for n in range(count))
    return place


def _said(number: int) -> str:
    beats, unit = METERS[number % len(METERS)]
    return f"{beats}/{unit}"


def configuration(place: Path, kind: str = "llama", **settings: Any) -> Path:
    """A folder with config.json alone."""
    small = {
        "llama": {
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 256,
        },
        "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256},
    }[kind]
    place.mkdir(parents=True, exist_ok=True)
    values = {"model_type": kind, **small, "vocab_size": 7, **settings}
    (place / "config.json").write_text(json.dumps(values), encoding="utf-8")
    return place
