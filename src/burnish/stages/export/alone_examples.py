"""Programs of a few lines that answer with an exported graph and without burnish, as they stand beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TEXT = """import json, sys
import numpy as np, onnxruntime
from tokenizers import Tokenizer

settings = json.load(open("settings.json", encoding="utf-8"))
tokenizer = Tokenizer.from_file("tokenizer.json")
if settings["max_length"]:
    tokenizer.enable_truncation(settings["max_length"])
if settings["length"]:  # the graph reads rows of one length
    tokenizer.enable_padding(length=settings["length"], pad_id=settings["processor"]["pad_token_id"])
session = onnxruntime.InferenceSession("model.onnx")
{encoded}
arrays = {{"input_ids": row.ids, "attention_mask": row.attention_mask, "token_type_ids": row.type_ids}}
(logits,) = session.run(None, {{i.name: np.array([arrays[i.name]], np.int64) for i in session.get_inputs()}})
"""
_ENCODED = {
    "text": "row = tokenizer.encode(*sys.argv[1:])  # a text, or the two texts of a pair",
    "tokens": "row = tokenizer.encode(sys.argv[1:], is_pretokenized=True)  # the words of a row",
}
_PICTURE = """import json, sys
import numpy as np, onnxruntime
from PIL import Image, ImageOps

settings = json.load(open("settings.json", encoding="utf-8"))
own, session = settings["processor"], onnxruntime.InferenceSession("model.onnx")
picture = ImageOps.exif_transpose(Image.open(sys.argv[1])).convert("RGB")
{pixels}
(logits,) = session.run(None, {{session.get_inputs()[0].name: values}})
"""
_CROPPED = """size, timm = own["size"], own["rounding"] == "timm"
short = int(size / own["crop_ratio"] + 1e-6) if timm else round(size / own["crop_ratio"])
width, height = (max(short, int(short * side / min(picture.size))) for side in picture.size)
picture = picture.resize((width, height), Image.Resampling[own["interpolation"].upper()])
left, top = ((round if timm else int)((side - size) / 2) for side in (width, height))
pixels = np.asarray(picture.crop((left, top, left + size, top + size)))
values = """
_NORMALISED = '((pixels / 255 - own["mean"]) / own["std"]).transpose(2, 0, 1)[None].astype(np.float32)'
_RAW_TEXT = """import json, sys
import numpy as np, onnxruntime, onnxruntime_extensions

settings = json.load(open("settings.json", encoding="utf-8"))
options = onnxruntime.SessionOptions()
options.register_custom_ops_library(onnxruntime_extensions.get_library_path())
session = onnxruntime.InferenceSession("model.onnx", options)
texts = zip(session.get_inputs(), sys.argv[1:])  # a text, or the two texts of a pair
(logits,) = session.run(None, {i.name: np.array([text], object) for i, text in texts})
"""
_RAW_SOUND = """import json, sys
import numpy as np, onnxruntime, soundfile

settings = json.load(open("settings.json", encoding="utf-8"))
session = onnxruntime.InferenceSession("model.onnx")
samples, rate = soundfile.read(sys.argv[1], dtype="float32", always_2d=True)
assert rate == settings["processor"]["sampling_rate"], "resample the sound first"
(logits,) = session.run(None, {session.get_inputs()[0].name: samples.mean(axis=1)[None]})
"""
_ANSWER = {
    "label": """odds = np.exp((logits[0] - logits[0].max()) / settings["temperature"])
probabilities = dict(zip(settings["labels"], (odds / odds.sum()).tolist()))
print(json.dumps({"answer": max(probabilities, key=probabilities.get), "probabilities": probabilities}))
""",
    "labels": """odds = 1 / (1 + np.exp(-logits[0].astype(float) / settings["temperature"]))
probabilities = dict(zip(settings["labels"], odds.tolist()))
answer = [name for name, value in probabilities.items() if value >= settings["thresholds"][name]]
print(json.dumps({"answer": answer, "probabilities": probabilities}))
""",
    "score": """print(json.dumps({"answer": float(logits.reshape(-1)[0]) * settings["scale"] + settings["mean"]}))
""",
    "tags": """tags = {}
for word, tag in zip(row.word_ids, logits[0].argmax(-1)):
    if word is not None:
        tags.setdefault(word, settings["labels"][tag])
print(json.dumps({"answer": [tags.get(word, "O") for word in range(len(sys.argv) - 1)]}))
""",
}


def example(settings: Mapping[str, Any]) -> str:
    """A program for an ONNX graph; empty where what comes before the graph takes more than a few lines.

    Args:
        settings: what stands in settings.json.
    """
    kind, answer = settings["input"]["kind"], _ANSWER.get(settings["kind"], "")
    first = ""
    if settings["raw"]:
        first = {"text": _RAW_TEXT, "image": _PICTURE.format(pixels="values = np.asarray(picture)[None]")}.get(kind, "")
        first = _RAW_SOUND if kind == "audio" else first
    elif kind in _ENCODED:
        first = _TEXT.format(encoded=_ENCODED[kind])
    elif kind == "image":
        inside = settings["preprocessing"]
        first = _PICTURE.format(pixels=_CROPPED + ("pixels[None]" if inside else _NORMALISED))
    return first + answer if first and answer else ""


NEEDS = {"text": "tokenizers", "tokens": "tokenizers", "image": "pillow", "audio": "soundfile"}
"""What the program of an input needs beside numpy and onnxruntime."""
