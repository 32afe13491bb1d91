"""Lines without burnish from the command line to the logits of a graph that reads pictures or sounds."""

from __future__ import annotations

from burnish.inputs._session_program import SESSION

PICTURE = (
    """import json, sys
import numpy as np, onnxruntime
from PIL import Image, ImageOps

settings = json.load(open("settings.json", encoding="utf-8"))
own = settings["processor"]
"""
    + SESSION
    + """picture = ImageOps.exif_transpose(Image.open(sys.argv[1])).convert("RGB")
{pixels}
(logits,) = session.run(None, {{session.get_inputs()[0].name: values}})
"""
)
CROPPED = """size, timm = own["size"], own["rounding"] == "timm"
short = int(size / own["crop_ratio"] + 1e-6) if timm else round(size / own["crop_ratio"])
width, height = (max(short, int(short * side / min(picture.size))) for side in picture.size)
picture = picture.resize((width, height), Image.Resampling[own["interpolation"].upper()])
left, top = ((round if timm else int)((side - size) / 2) for side in (width, height))
pixels = np.asarray(picture.crop((left, top, left + size, top + size)))
values = """
NORMALISED = '((pixels / 255 - own["mean"]) / own["std"]).transpose(2, 0, 1)[None].astype(np.float32)'
SOUND = (
    """import json, sys
import numpy as np, onnxruntime, soundfile

settings = json.load(open("settings.json", encoding="utf-8"))
"""
    + SESSION
    + """samples, rate = soundfile.read(sys.argv[1], dtype="float32", always_2d=True)
assert rate == settings["processor"]["sampling_rate"], "resample the sound first"
(logits,) = session.run(None, {session.get_inputs()[0].name: samples.mean(axis=1)[None]})
"""
)

SPEECH = (
    """import json, sys
import numpy as np, onnxruntime, soundfile

settings = json.load(open("settings.json", encoding="utf-8"))
heard, spelling = settings["processor"]["input"], settings["processor"]["target"]
"""
    + SESSION
    + """samples, rate = soundfile.read(sys.argv[1], dtype="float32", always_2d=True)
assert rate == heard["sampling_rate"], "resample the sound first"
assert len(samples) <= heard["seconds"] * rate, "cut the recording into windows first"
(logits,) = session.run(None, {session.get_inputs()[0].name: samples.mean(axis=1)[None]})
"""
    """Of recordings of one window, with the settings of both processors."""
)
