"""/tune: a tune in ABC or MIDI as notes to see and a sound to hear, for the page of models that write music."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request, Response

from burnish.core.errors import InputError
from burnish.media.music.abc.reading import examined
from burnish.media.music.drawn import piano_roll, staff
from burnish.media.music.midi import midi_of_tune, tune_of_midi
from burnish.media.music.synthesis import mp3
from burnish.media.music.tune import Tune
from burnish.server.limits import Bodies, parsed
from burnish.server.refusal import Refused
from burnish.server.routes import Handler, json_response
from burnish.server.schema import errors
from burnish.server.served import Served

PLACE = "/tune"
LONGEST = 20_000
"""Characters of an ABC text."""
LONGEST_FILE = 1_000_000
"""Characters of a MIDI file in base64: hours of what a model writes."""
_TEXT = {"type": "string", "maxLength": LONGEST}
_FILE = {"type": "string", "contentEncoding": "base64", "maxLength": LONGEST_FILE}
_SHOWN = {
    "type": "object",
    "required": ["problems", "staff", "piano_roll", "sound", "midi"],
    "properties": {
        "problems": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Why it is not valid; none where it is.",
        },
        "staff": {"type": ["string", "null"], "description": "Notes as SVG; null where it cannot be read."},
        "piano_roll": {"type": ["string", "null"], "description": "The same as a piano roll."},
        "sound": {"type": ["string", "null"], "description": "The first 90 seconds as MP3, in base64."},
        "midi": {"type": ["string", "null"], "description": "A MIDI file in base64; null without symusic."},
    },
}


def add(app: FastAPI, models: list[Served], bodies: Bodies) -> None:
    """Serve the address where a model writes tunes; nothing where none does."""
    if not any(served.composes for served in models):
        return
    ok = {"description": "The tune to see and to hear.", "content": {"application/json": {"schema": _SHOWN}}}
    asked = {"type": "object", "properties": {"abc": _TEXT, "midi": _FILE}, "minProperties": 1, "maxProperties": 1}
    app.add_api_route(
        PLACE,
        _handler(bodies),
        methods=["POST"],
        tags=["tune"],
        summary="A tune in ABC or MIDI to see and to hear",
        operation_id="tune",
        response_class=Response,
        openapi_extra={
            "requestBody": {"required": True, "content": {"application/json": {"schema": asked}}},
            "responses": {"200": ok, **errors()},
        },
    )


def _handler(bodies: Bodies) -> Handler:
    async def shown(request: Request) -> Response:
        async with bodies.of(request) as body:
            tune, wrong = await asyncio.to_thread(_read, parsed(body))
        return json_response(await asyncio.to_thread(shown_tune, tune, wrong))

    return shown


def _read(value: Any) -> tuple[Tune | None, Sequence[str]]:
    """The tune of a request, None where it cannot be read, and what is wrong with it."""
    kind = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else ""
    if kind not in ("abc", "midi") or not isinstance(value[kind], str):
        raise Refused(422, 'send {"abc": "X:1 ..."}, a tune in ABC, or {"midi": "TVRoZ..."}, a MIDI file in base64')
    text, most = value[kind], LONGEST if kind == "abc" else LONGEST_FILE
    if len(text) > most:
        raise Refused(413, f"a tune of {len(text):,} characters; {most:,} are read")
    if kind == "abc":
        return examined(text)
    try:
        tune = tune_of_midi(base64.b64decode(text, validate=True))
    except (ValueError, InputError) as error:
        return None, [str(error)]
    return tune, [] if tune.notes else ["it has no notes"]


def shown_tune(tune: Tune | None, wrong: Sequence[str]) -> dict[str, Any]:
    """What the page shows of a tune and of what is wrong with it."""
    if tune is None or not tune.notes:
        return {"problems": list(wrong), "staff": None, "piano_roll": None, "sound": None, "midi": None}
    return {
        "problems": list(wrong),
        "staff": staff(tune),
        "piano_roll": piano_roll(tune),
        "sound": base64.b64encode(mp3(tune, 90.0)).decode("ascii"),
        "midi": _midi(tune),
    }


def _midi(tune: Any) -> str | None:
    try:
        return base64.b64encode(midi_of_tune(tune)).decode("ascii")
    except InputError:  # symusic is not installed with a lean server, or a pitch is none of MIDI's
        return None
