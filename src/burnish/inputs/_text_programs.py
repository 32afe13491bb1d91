"""Lines without burnish from the command line to the logits of a graph that reads texts or words."""

from __future__ import annotations

from burnish.inputs._session_program import SESSION

ENCODED = (
    """import json, sys
import numpy as np, onnxruntime
from tokenizers import Tokenizer

settings = json.load(open("settings.json", encoding="utf-8"))
tokenizer = Tokenizer.from_file("tokenizer.json")
if settings["max_length"]:
    tokenizer.enable_truncation(settings["max_length"])
if settings["length"]:  # the graph reads rows of one length
    tokenizer.enable_padding(length=settings["length"], pad_id=settings["processor"]["pad_token_id"])
"""
    + SESSION
    + """{encoded}
arrays = {{"input_ids": row.ids, "attention_mask": row.attention_mask, "token_type_ids": row.type_ids}}
(logits,) = session.run(None, {{i.name: np.array([arrays[i.name]], np.int64) for i in session.get_inputs()}})
"""
)
TEXTS = "row = tokenizer.encode(*sys.argv[1:])  # a text, or the two texts of a pair"
WORDS = "row = tokenizer.encode(sys.argv[1:], is_pretokenized=True)  # the words of a row"
RAW = """import json, sys
import numpy as np, onnxruntime, onnxruntime_extensions

settings = json.load(open("settings.json", encoding="utf-8"))
options = onnxruntime.SessionOptions()
options.register_custom_ops_library(onnxruntime_extensions.get_library_path())
options.add_session_config_entry("session.x64quantprecision", "1")  # int8 exact on processors without VNNI
session = onnxruntime.InferenceSession("model.onnx", options)
texts = zip(session.get_inputs(), sys.argv[1:])  # a text, or the two texts of a pair
(logits,) = session.run(None, {i.name: np.array([text], object) for i, text in texts})
"""
