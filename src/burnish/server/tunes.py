"""/tune: a tune in ABC as notes to see and a sound to hear, for the page of models that write tunes."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from fastapi import FastAPI, Request, Response

from burnish.core.errors import InputError
from burnish.media.music.abc.reading import examined
from burnish.media.music.drawn import piano_roll, staff
from burnish.media.music.midi import midi_of_tune
from burnish.media.music.synthesis import mp3
from burnish.server.limits import Bodies, parsed
from burnish.server.refusal import Refused
from burnish.server.routes import Handler, json_response
from burnish.server.schema import errors
from burnish.server.served import Served

PLACE = "/tune"
LONGEST = 20_000
"""Characters of an ABC text."""
_TEXT = {"type": "string", "maxLength": LONGEST}
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
    asked = {"type": "object", "required": ["abc"], "properties": {"abc": _TEXT}}
    app.add_api_route(
        PLACE,
        _handler(bodies),
        methods=["POST"],
        tags=["tune"],
        summary="A tune in ABC to see and to hear",
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
            text = _text(parsed(body))
        return json_response(await asyncio.to_thread(shown_tune, text))

    return shown


def _text(value: Any) -> str:
    text = value.get("abc") if isinstance(value, dict) else None
    if not isinstance(text, str):
        raise Refused(422, 'send {"abc": "X:1 ..."}, a tune in ABC')
    if len(text) > LONGEST:
        raise Refused(413, f"a tune of {len(text):,} characters; {LONGEST:,} are read")
    return text


def shown_tune(text: str) -> dict[str, Any]:
    """What the page shows of an ABC text."""
    tune, wrong = examined(text)
    if tune is None or not tune.notes:
        return {"problems": wrong, "staff": None, "piano_roll": None, "sound": None, "midi": None}
    return {
        "problems": wrong,
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
