"""The OpenAPI of a model: its own columns, labels and golden examples."""

from __future__ import annotations

from typing import Any

import numpy as np

from burnish.bundle.bundle import Bundle
from burnish.core.answer import Answer
from burnish.core.filed import FileAnswer
from burnish.inputs import Divisible, Elementwise, Input, endings_of
from burnish.server.served import Served
from burnish.targets import PREDICTION_SET, Decoded, Filed, Generative, covers, may_abstain, names_of

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {"type": "string"},
        "request_id": {"type": "string"},
        "details": {"type": "array", "items": {"type": "object"}},
    },
}
_BINARY = {"type": "string", "format": "binary"}
ERRORS = {
    "400": "Not what it says it is: broken JSON, form or compression.",
    "401": "No API key, or not one of ours.",
    "408": "The body did not arrive in time.",
    "413": "Too large: bytes or examples.",
    "415": "A content-type or content-encoding that is not read.",
    "422": "Read, but no example can be predicted; `details` says why.",
    "429": "Too much is waiting; come again after Retry-After.",
    "500": "The model failed; the log has it under the request's id.",
    "503": "Stopping, or no prediction before the deadline; come again after Retry-After.",
}


def errors(*statuses: str) -> dict[int | str, dict[str, Any]]:
    """Responses for these statuses; for all where none is given."""
    chosen = statuses or tuple(ERRORS)
    return {s: {"description": ERRORS[s], "content": {"application/json": {"schema": _ERROR}}} for s in chosen}


def prediction(served: Served) -> dict[str, Any]:
    """The parts of an operation that predicts with this model: request body and responses."""
    row, examples = row_schema(served.reader.input), shown_examples(served)
    rows = {"type": "array", "items": row, "minItems": 1, "maxItems": served.settings.max_rows}
    file = {"type": "array", "items": _BINARY}
    answer = answer_schema(served)
    model = {"model": {"type": "string"}, "version": {"type": "string"}}
    one = {
        "type": "object",
        "required": ["model", "version", "answer"],
        "properties": {**model, **answer["properties"]},
    }
    failed = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
    many = {
        "type": "object",
        "required": ["model", "version", "answers"],
        "properties": {**model, "answers": {"type": "array", "items": {"anyOf": [answer, failed]}}},
    }
    shown = {
        f"example {i + 1}": {"value": {"model": served.name, "version": served.version, **e["answer"]}}
        for i, e in enumerate(examples)
    }
    ok = {
        "description": "One prediction (`answer`) for one example; a list of them, in order, for a list of examples.",
        "content": {"application/json": {"schema": {"anyOf": [one, many]}, "examples": shown}},
    }
    return {"requestBody": _asked(served, {"oneOf": [row, rows]}, file), "responses": {"200": ok, **errors()}}


def explaining(served: Served) -> dict[str, Any]:
    """The parts of an operation that explains an answer of this model; where there are none, why."""
    if served.unexplained:
        return {"description": served.unexplained, "responses": errors()}
    answer = answer_schema(served)
    model = {"model": {"type": "string"}, "version": {"type": "string"}}
    effects = {"type": "array", "items": {"type": "number"}, "description": "One for each part, in their order."}
    shown = {
        "type": "object",
        "required": ["model", "version", "answer", "parts", "effects"],
        "properties": {
            **model,
            **answer["properties"],
            "parts": {"type": "array", "items": _part(served.reader.input), "maxItems": served.settings.max_parts},
            "effects": {"type": "object", "additionalProperties": effects},
        },
    }
    ok = {
        "description": "The prediction (`answer`), and by label how much of its probability (or by column of the number) is "
        "lost without each part: above 0 the part speaks for it, below 0 against it.",
        "content": {"application/json": {"schema": shown}},
    }
    body = _asked(served, row_schema(served.reader.input), _BINARY)
    return {"requestBody": body, "responses": {"200": ok, **errors()}}


def _asked(served: Served, schema: dict[str, Any], file: dict[str, Any]) -> dict[str, Any]:
    """A request body: JSON with golden examples, and files where rows are files."""
    examples = {f"example {i + 1}": {"value": e["row"]} for i, e in enumerate(shown_examples(served))}
    content: dict[str, Any] = {"application/json": {"schema": schema, "examples": examples}}
    if endings_of(served.reader.input):
        content["multipart/form-data"] = {"schema": {"type": "object", "properties": {"file": file}}}
        content["application/octet-stream"] = {"schema": _BINARY}
    return {"required": True, "content": content}


def _part(input: Input) -> dict[str, Any]:
    """Where a part of a row is."""
    numbers = input.place_numbers if isinstance(input, Divisible) else ()
    properties = {name: {"type": "number", "minimum": 0} for name in numbers}
    if not endings_of(input):
        text = {"column": {"type": "string", "enum": list(input.required_columns)}, "text": {"type": "string"}}
        return {"type": "object", "properties": {**text, **properties}}
    return {"type": "object", "required": list(numbers), "properties": properties}


def row_schema(input: Input) -> dict[str, Any]:
    """A row of this input."""
    columns = input.required_columns
    if endings_of(input):
        cell: dict[str, Any] = {
            "type": "object",
            "required": ["base64"],
            "properties": {"base64": {"type": "string", "format": "byte"}},
            "additionalProperties": False,
        }
    elif "element" in input.shapes:
        cell = {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    else:
        cell = {"type": "string"}
    return {"type": "object", "required": list(columns), "properties": dict.fromkeys(columns, cell)}


TRANSCRIPTIONS = "/v1/audio/transcriptions"


_FILE = {"media_type": {"type": "string"}, "base64": {"type": "string", "contentEncoding": "base64"}}
"""An answer that is a file."""


def answer_schema(served: Served) -> dict[str, Any]:
    """An answer of this model."""
    target = served.predictor.bundle.target
    label = {"type": "string", "enum": list(names_of(target))}
    several = not isinstance(next((g["answer"] for g in golden(served)), ""), str)
    answer: dict[str, Any] = {"type": "array", "items": label} if several else label
    if not names_of(target):
        answer = {"type": "string"} if isinstance(target, Generative) else {"type": "number"}
    if isinstance(target, Filed):
        answer = {"type": "object", "required": [*_FILE], "properties": dict(_FILE)}
    probability = {"type": "number", "minimum": 0, "maximum": 1}
    tokens = target.shape == "element" and isinstance(served.reader.input, Elementwise)
    pair = {"token": {"type": "string"}, "tag": label}
    tagged = {"type": "object", "required": list(pair), "properties": pair, "additionalProperties": False}
    return {
        "type": "object",
        "required": ["answer"],
        "properties": {
            "answer": answer,
            "confidence": {"anyOf": [probability, {"type": "null"}]},
            "probabilities": {"type": "object", "additionalProperties": probability},
            **({"abstained": {"type": "boolean"}} if may_abstain(target) else {}),
            **{name: _region(name, label) for name in covers(target)},
            **({"tagged": {"type": "array", "items": tagged}} if tokens else {}),
            **({"ended": {"enum": ["stop", "length"]}} if isinstance(target, Generative) else {}),
        },
    }


def _region(name: str, label: dict[str, Any]) -> dict[str, Any]:
    """A prediction set, or an end of an interval."""
    return {"type": "array", "items": label} if name == PREDICTION_SET else {"type": "number"}


def golden(served: Served) -> list[dict[str, Any]]:
    """The golden examples, whether they may be shown or not."""
    return served.predictor.bundle.golden()


def shown_examples(served: Served, most: int = 5) -> list[dict[str, Any]]:
    """`row` and `answer` of golden examples, as they would be asked and answered; [] where they are not to be shown."""
    files = isinstance(served.predictor.bundle.target, Filed)  # golden examples keep no files
    if not served.settings.examples or not served.trained or files:
        return []
    examples = []
    for row in golden(served)[:most]:
        given = Decoded(row["answer"], np.array(row["probabilities"], np.float32))
        examples.append({"row": row["example"], "answer": answer_body(served.predictor.about(row["example"], given))})
    return examples


def answer_body(answer: Answer) -> dict[str, Any]:
    """An answer as JSON shows it."""
    told = answer.answer.body() if isinstance(answer.answer, FileAnswer) else answer.answer
    body = {"answer": told, "confidence": answer.confidence, "probabilities": answer.probabilities}
    body |= {} if answer.abstained is None else {"abstained": answer.abstained}
    body |= answer.region
    body |= {} if answer.tokens is None else {"tagged": answer.tagged}
    return body if answer.ended is None else {**body, "ended": answer.ended}


def scores_shown(bundle: Bundle) -> Any:
    """What the bundle says of its test, with the metric first that chose its checkpoint: accuracy flatters rare classes."""
    scores = bundle.settings.get("scores")
    if not isinstance(scores, dict) or not isinstance(metrics := scores.get("metrics"), dict):
        return scores
    recipe = bundle.settings.get("recipe")
    named = recipe.get("deciding_metric") if isinstance(recipe, dict) else None
    first = next((name for name in (named, bundle.target.decides) if isinstance(name, str) and name in metrics), None)
    return scores if first is None else {**scores, "metrics": {first: metrics[first], **metrics}}


def description(served: Served) -> dict[str, Any]:
    """What /models says of a model: enough for a page to ask it."""
    input_, target = served.reader.input, served.predictor.bundle.target
    why_not = served.unexplained if served.settings.explanations else "this server explains no predictions"
    return {
        "name": served.name,
        "version": served.version,
        "task": served.predictor.bundle.settings.get("task"),
        "input": {"kind": input_.kind(), "thing": input_.thing, "columns": list(input_.required_columns)},
        "labels": list(names_of(target)),
        "threshold": getattr(target, "threshold", None),
        "thresholds": getattr(target, "own_thresholds", None),
        "decision_weights": getattr(target, "decision_weights", None) or None,
        "costs": getattr(target, "costs", None) or None,
        "abstain_below": getattr(target, "abstain_below", None),
        "region": list(covers(target)),
        "answers_with": served.predictor.answers_with,
        "scores": scores_shown(served.predictor.bundle) if served.trained else None,
        "predict": f"/models/{served.path}/predict",
        **_transcribing(served),
        **_composing(served),
        "explain": None if why_not else f"/models/{served.path}/explain",
        "unexplained": why_not,
        "examples": shown_examples(served),
    }


def _composing(served: Served) -> dict[str, Any]:
    """Of a model that writes music: who writes the headers of tunes, and what its column of captions is called."""
    if not served.composes:
        return {}
    return {"composes": getattr(served.predictor.bundle.target, "header", None) or "written", "caption": served.caption}


def _transcribing(served: Served) -> dict[str, Any]:
    """Of a model that transcribes: its address in OpenAI's protocol, whether words have times, and its longest recording."""
    if not served.transcribes:
        return {}
    return {
        "transcribe": TRANSCRIPTIONS,
        "timed": served.predictor.tells_times,
        "max_seconds": served.settings.max_seconds,
    }
