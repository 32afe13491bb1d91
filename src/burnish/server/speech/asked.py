"""What a request for a transcript may hold. What would change the answer and is not done is refused, in words."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from starlette.datastructures import FormData, UploadFile

from burnish.server.refusal import Refused
from burnish.server.served import Served

Format = Literal["json", "text", "srt", "vtt", "verbose_json"]
SHOWN = 120  # characters of what was sent that a message repeats
FIELDS = ("file", "model", "language", "prompt", "response_format", "temperature", "stream", "chunking_strategy")
_LISTS = ("timestamp_granularities", "include", "known_speaker_names", "known_speaker_references")
_IGNORED = ("user", "metadata")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False, "": False}


@dataclass(frozen=True)
class TranscriptionRequest:
    """A request of /v1/audio/transcriptions.

    Attributes:
        model: a name of /v1/models.
        data: the recording's file.
        format: of the answer.
        stream: whether pieces are sent as events.
        words, segments: whether times of words and of segments are wanted in verbose_json.
    """

    model: str
    data: bytes
    format: Format = "json"
    stream: bool = False
    words: bool = False
    segments: bool = True
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def timed(self) -> bool:
        """Whether times are told, which a decoder has but for another pass."""
        return self.format in ("srt", "vtt") or (self.format == "verbose_json" and (self.words or self.segments))

    def check(self, served: Served) -> None:
        """Whether this model does what is asked.

        Raises:
            Refused: 400, and what of it is not done.
        """
        target = served.predictor.bundle.target
        language = self.texts.get("language", "").strip().lower()
        if language and target.shape == "decoded":
            own = str(getattr(target, "language", None) or "en").lower()
            if language != own:
                raise _wrong(f"this model writes {own!r}, and {language[:SHOWN]!r} is asked for", "language")
        elif language and not (language.isalpha() and len(language) in (2, 3)):
            raise _wrong(f"{language[:SHOWN]!r} is no code of a language, such as en", "language")
        if self.words and not served.predictor.tells_times:
            raise _wrong(
                "this model tells no times of words: Whisper does, and networks that answer for each frame (CTC)",
                "timestamp_granularities",
            )


async def asked(form: FormData) -> TranscriptionRequest:
    """The fields of a form.

    Raises:
        Refused: 400, and which of them is wrong.
    """
    files = [(name, value) for name, value in form.multi_items() if isinstance(value, UploadFile)]
    texts: dict[str, str] = {}
    lists: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            continue
        plain = name.removesuffix("[]")
        if plain in _LISTS:
            lists.setdefault(plain, []).append(value)
        elif plain in (*FIELDS, *_IGNORED):
            texts[plain] = value
        else:
            raise Refused(400, f"{name[:SHOWN]!r} is not known here", param=name[:SHOWN], code="unknown_parameter")
    if not texts.get("model"):
        raise _wrong("`model` is missing: a name of /v1/models", "model")
    _refuse_undone(texts, lists)
    data = await _file(files, texts)
    words, segments = _granularities(lists.get("timestamp_granularities", []), texts)
    format_ = _format(texts.get("response_format") or "json")
    stream = _boolean(texts.get("stream", "false"), "stream")
    if stream and format_ in ("srt", "vtt"):
        raise _wrong(f"{format_} is not streamed; json, text and verbose_json are", "stream")
    return TranscriptionRequest(texts["model"], data, format_, stream, words, segments, texts)


async def _file(files: list[tuple[str, UploadFile]], texts: dict[str, str]) -> bytes:
    if len(files) != 1 or files[0][0] != "file":
        there = "a text" if "file" in texts else "none" if not files else f"{len(files)}: {files[0][0][:SHOWN]!r} ..."
        raise _wrong(f"one file is expected in the field `file`, and there is {there}", "file")
    data = await files[0][1].read()
    if not data:
        raise _wrong("the file is empty", "file")
    return data


def _refuse_undone(texts: dict[str, str], lists: dict[str, list[str]]) -> None:
    """What would change the answer."""
    if texts.get("prompt", "").strip():
        raise _wrong("a prompt is not read: this model was trained and tested without one", "prompt")
    for name in ("known_speaker_names", "known_speaker_references"):
        if any(lists.get(name, [])):
            raise _wrong("speakers are not told apart", name)
    if any(lists.get("include", [])):
        raise _wrong(f"{lists['include'][0][:SHOWN]!r} is not given", "include")
    if texts.get("chunking_strategy", "auto").strip('" ') not in ("auto", ""):
        raise _wrong("recordings are cut into the windows that the model was tested with", "chunking_strategy")
    try:
        temperature = float(texts.get("temperature") or 0)
    except ValueError:
        temperature = math.nan
    if not 0 <= temperature <= 1:
        raise _wrong(f"{texts['temperature'][:SHOWN]!r} is no number from 0 to 1", "temperature")
    if temperature > 0:
        raise _wrong("transcripts are decoded as the model was tested; leave temperature out, or 0", "temperature")


def _granularities(asked_for: list[str], texts: dict[str, str]) -> tuple[bool, bool]:
    wrong = next((one for one in asked_for if one not in ("word", "segment")), None)
    if wrong is not None:
        raise _wrong(f"{wrong[:SHOWN]!r} is none of word and segment", "timestamp_granularities")
    if asked_for and texts.get("response_format") != "verbose_json":
        raise _wrong("times are told in response_format verbose_json only", "timestamp_granularities")
    return "word" in asked_for, not asked_for or "segment" in asked_for


def _format(value: str) -> Format:
    if value not in get_args(Format):
        raise _wrong(f"{value[:SHOWN]!r} is none of {', '.join(get_args(Format))}", "response_format")
    return cast(Format, value)


def _boolean(value: str, name: str) -> bool:
    if value.lower() not in _BOOLEANS:
        raise _wrong(f"{value[:SHOWN]!r} is neither true nor false", name)
    return _BOOLEANS[value.lower()]


def _wrong(message: str, param: str) -> Refused:
    return Refused(400, message, param=param, code="invalid_value")


def described() -> dict[str, Any]:
    """The form, for OpenAPI."""
    text: dict[str, Any] = {"type": "string"}
    properties: dict[str, Any] = dict.fromkeys(FIELDS, text)
    properties |= {
        "file": {"type": "string", "format": "binary"},
        "response_format": {"enum": list(get_args(Format))},
        "temperature": {"type": "number", "minimum": 0, "maximum": 1},
        "stream": {"type": "boolean"},
        "timestamp_granularities[]": {"type": "array", "items": {"enum": ["word", "segment"]}},
    }
    schema = {"type": "object", "required": ["file", "model"], "properties": properties}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
