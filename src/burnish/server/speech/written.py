"""A transcript as it is asked for: JSON, plain text, or subtitles."""

from __future__ import annotations

import math
import zlib
from typing import Any

from burnish.answering.recording import Segment
from burnish.media.transcript.aligning import TimedWord
from burnish.media.transcript.subtitles import WRITTEN
from burnish.server.speech.asked import TranscriptionRequest
from burnish.server.speech.recording import Recording

KINDS = {
    "text": "text/plain; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
}


def usage(recording: Recording) -> dict[str, Any]:
    """How much was heard, in whole seconds."""
    return {"type": "duration", "seconds": math.ceil(recording.seconds)}


def plain(recording: Recording, asked: TranscriptionRequest) -> str | None:
    """Text or subtitles; None of JSON."""
    if asked.format == "text":
        return recording.windows.stitching().text() + "\n"
    written = WRITTEN.get(asked.format)
    return None if written is None else written(recording.windows.cues())


def body(recording: Recording, asked: TranscriptionRequest) -> dict[str, Any]:
    """JSON: the text; verbose with length, language, segments, and words where they are asked for."""
    told: dict[str, Any] = {"text": recording.windows.stitching().text(), "usage": usage(recording)}
    if asked.format != "verbose_json":
        return told
    segments = recording.windows.segments()
    target = recording.served.predictor.bundle.target
    verbose: dict[str, Any] = {
        "task": getattr(target, "speech_task", "transcribe"),
        "language": getattr(target, "language", None) or asked.texts.get("language") or "",
        "duration": round(recording.seconds, 3),
        **told,
    }
    if asked.segments:
        verbose["segments"] = [_segment(number, one) for number, one in enumerate(segments)]
    if asked.words:
        verbose["words"] = [_word(word) for one in segments for word in one.words]
    return verbose


def _word(one: TimedWord) -> dict[str, Any]:
    confidence = round(one.confidence, 4)
    return {"word": one.word, "start": round(one.start, 3), "end": round(one.end, 3), "confidence": confidence}


def _segment(number: int, one: Segment) -> dict[str, Any]:
    """As OpenAI's protocol has it; what this server does not know is null, or none."""
    data = one.text.encode()
    return {
        "id": number,
        "seek": round(one.start * 100),
        "start": round(one.start, 3),
        "end": round(one.end, 3),
        "text": one.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": None,
        "compression_ratio": len(data) / len(zlib.compress(data)),
        "no_speech_prob": None,
    }
