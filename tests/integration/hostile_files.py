"""Changes to the files of a bundle with an ONNX artifact, each by somebody who can also write a manifest."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from burnish.core.files import MANIFEST, _manifest_hash

Change = Callable[[Path], object]
NESTED = '{"a":' * 100_000 + "1" + "}" * 100_000
ONNX, FACTS = "artifacts/onnx-float32/model.onnx", "artifacts/onnx-float32/artifact.json"


def _text(file: str, text: str) -> Change:
    return lambda bundle: (bundle / file).write_text(text, encoding="utf-8")


def _bytes(file: str, change: Callable[[bytes], bytes]) -> Change:
    return lambda bundle: (bundle / file).write_bytes(change((bundle / file).read_bytes()))


def _set(file: str, path: str, value: Any) -> Change:
    """A value at a dotted place of a JSON file; `...` takes it out."""

    def change(bundle: Path) -> None:
        whole = json.loads((bundle / file).read_text(encoding="utf-8"))
        *above, last = [int(p) if p.isdigit() else p for p in path.split(".")]
        inner = whole
        for part in above:
            inner = inner[part]
        if value is ...:
            del inner[last]
        else:
            inner[last] = value
        (bundle / file).write_text(json.dumps(whole), encoding="utf-8")

    return change


def _external(bundle: Path) -> None:
    """Weights of the graph that lie outside of the bundle."""
    import onnx

    path = bundle / ONNX
    model = onnx.load(path)
    (bundle.parent / "secret.bin").write_bytes(b"\0" * 1_000_000)
    for tensor in model.graph.initializer:
        if tensor.raw_data:
            size = len(tensor.raw_data)
            tensor.ClearField("raw_data")
            tensor.data_location = onnx.TensorProto.EXTERNAL
            for key, value in (("location", "../../../secret.bin"), ("offset", "0"), ("length", str(size))):
                tensor.external_data.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())


def _header(length: int, header: bytes) -> Change:
    return _bytes("model/model.safetensors", lambda _: struct.pack("<Q", length) + header)


NAN, LONG = float("nan"), {"a": 1}
for _ in range(80):
    LONG = {"a": LONG}  # type: ignore[dict-item]
S, G, T = "bundle.json", "golden.json", "model/tokenizer.json"
HOSTILE: dict[str, tuple[Change, str]] = {
    "settings_text": (_text(S, "no JSON"), "onnx"),
    "settings_list": (_text(S, "[]"), "onnx"),
    "settings_empty": (_text(S, "{}"), "onnx"),
    "settings_nested": (_text(S, NESTED), "onnx"),
    "settings_bytes": (_bytes(S, lambda _: b"\xff\xfe\x00"), "onnx"),
    "settings_deep": (_set(S, "target.labels", LONG), "onnx"),
    "format_bool": (_set(S, "format", True), "onnx"),
    "format_newer": (_set(S, "format", 2), "onnx"),
    "model_text": (_set(S, "model", "bert"), "torch"),
    "model_kind": (_set(S, "model.kind", 3), "torch"),
    "model_kind_unknown": (_set(S, "model.kind", "os"), "torch"),
    "input_list": (_set(S, "input", []), "onnx"),
    "input_kind_list": (_set(S, "input.kind", ["text"]), "onnx"),
    "input_kind_path": (_set(S, "input.kind", "../text"), "onnx"),
    "input_columns": (_set(S, "input.columns", {"a": 1}), "onnx"),
    "target_missing": (_set(S, "target", ...), "onnx"),
    "target_labels_number": (_set(S, "target.labels", 7), "onnx"),
    "target_labels_few": (_set(S, "target.labels", ["payment"]), "onnx"),
    "target_temperature": (_set(S, "target.temperature", NAN), "onnx"),
    "target_temperature_none": (_set(S, "target.temperature", 0), "onnx"),
    "processor_none": (_set(S, "processor", None), "onnx"),
    "processor_pad": (_set(S, "processor.pad_token_id", "0"), "onnx"),
    "processor_pad_huge": (_set(S, "processor.pad_token_id", 10**30), "onnx"),
    "processor_side": (_set(S, "processor.padding_side", "up"), "onnx"),
    "processor_length": (_set(S, "processor.max_length", -4), "onnx"),
    "processor_length_nan": (_set(S, "processor.max_length", NAN), "onnx"),
    "processor_length_gone": (_set(S, "processor.max_length", ...), "onnx"),
    "recipe_text": (_set(S, "recipe", "none"), "onnx"),
    "golden_text": (_text(G, "x"), "onnx"),
    "golden_object": (_text(G, "{}"), "torch"),
    "golden_numbers": (_text(G, "[1, 2]"), "torch"),
    "golden_nan": (_set(FACTS.replace("artifact.json", G), "0.probabilities.0", NAN), "onnx"),
    "golden_null": (_set(FACTS.replace("artifact.json", G), "0.probabilities", None), "onnx"),
    "golden_short": (_set(FACTS.replace("artifact.json", G), "0.probabilities", [0.5]), "onnx"),
    "golden_example": (_set(FACTS.replace("artifact.json", G), "0.example", {}), "onnx"),
    "golden_example_value": (_set(FACTS.replace("artifact.json", G), "0.example.text", {"a": [1]}), "onnx"),
    "golden_answer": (_set(FACTS.replace("artifact.json", G), "0.answer", ...), "onnx"),
    "golden_nested": (_text(FACTS.replace("artifact.json", G), NESTED.replace("{", "[").replace("}", "]")), "onnx"),
    "golden_torch_probabilities": (_set(G, "0.probabilities", ["a", "b", "c"]), "torch"),
    "facts_list": (_text(FACTS, "[]"), "onnx"),
    "facts_empty": (_text(FACTS, "{}"), "onnx"),
    "facts_file": (_set(FACTS, "file", "../../golden.json"), "onnx"),
    "facts_file_number": (_set(FACTS, "file", 3), "onnx"),
    "facts_file_other": (_set(FACTS, "file", "artifact.json"), "onnx"),
    "facts_tolerance": (_set(FACTS, "tolerance", NAN), "onnx"),
    "facts_tolerance_text": (_set(FACTS, "tolerance", "much"), "onnx"),
    "facts_inputs": (_set(FACTS, "inputs", ["input_ids"]), "onnx"),
    "facts_shape": (_set(FACTS, "inputs.input_ids.shape", None), "onnx"),
    "facts_shape_negative": (_set(FACTS, "inputs.input_ids.shape", [-1, 0]), "onnx"),
    "facts_type": (_set(FACTS, "inputs.input_ids.type", "object of mine"), "onnx"),
    "facts_input_other": (_set(FACTS, "inputs", {"pixels": {"type": "int64", "shape": ["batch", 3]}}), "onnx"),
    "facts_length": (_set(FACTS, "max_length", "many"), "onnx"),
    "facts_length_negative": (_set(FACTS, "max_length", -1), "onnx"),
    "facts_latency": (_set(FACTS, "measured", {"latency": {"1": {"p50_ms": "fast"}}}), "onnx"),
    "facts_measured": (_set(FACTS, "measured", [1]), "onnx"),
    "facts_nested": (_text(FACTS, NESTED), "onnx"),
    "onnx_half": (_bytes(ONNX, lambda b: b[: len(b) // 2]), "onnx"),
    "onnx_empty": (_bytes(ONNX, lambda b: b""), "onnx"),
    "onnx_garbage": (_bytes(ONNX, lambda b: b"\x08\x96\x01" * 100), "onnx"),
    "onnx_external": (_external, "onnx"),
    "weights_half": (_bytes("model/model.safetensors", lambda b: b[: len(b) // 2]), "torch"),
    "weights_header_long": (_header(1 << 62, b"{}"), "torch"),
    "weights_header_text": (_header(8, b"no JSON!"), "torch"),
    "weights_header_list": (_header(2, b"[]"), "torch"),
    "weights_gone": (lambda bundle: (bundle / "model/model.safetensors").unlink(), "torch"),
    "config_text": (_text("model/config.json", "no JSON"), "torch"),
    "config_list": (_text("model/config.json", "[]"), "torch"),
    "config_empty": (_text("model/config.json", "{}"), "torch"),
    "config_nested": (_text("model/config.json", NESTED), "torch"),
    "config_size_text": (_set("model/config.json", "hidden_size", "wide"), "torch"),
    "config_size_negative": (_set("model/config.json", "hidden_size", -32), "torch"),
    "config_size_other": (_set("model/config.json", "hidden_size", 48), "torch"),
    "config_type": (_set("model/config.json", "model_type", ["bert"]), "torch"),
    "tokenizer_text": (_text(T, "no JSON"), "onnx"),
    "tokenizer_list": (_text(T, "[]"), "onnx"),
    "tokenizer_empty": (_text(T, "{}"), "onnx"),
    "tokenizer_nested": (_text(T, NESTED), "onnx"),
    "tokenizer_vocabulary": (_set(T, "model.vocab", {}), "onnx"),
    "tokenizer_numbers": (_set(T, "model.vocab", {"[UNK]": 10**7}), "onnx"),
    "tokenizer_gone": (lambda bundle: (bundle / T).unlink(), "onnx"),
}


def _manifest(change: Callable[[dict[str, Any]], Any], *, hashed: bool = True) -> Change:
    """The manifest changed, with its own hash to match."""

    def changed(bundle: Path) -> None:
        entries = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))
        del entries[MANIFEST]
        entries = change(entries) or entries
        own = {MANIFEST: _manifest_hash(entries)} if hashed and isinstance(entries, dict) else {}
        (bundle / MANIFEST).write_text(json.dumps({**entries, **own} if own else entries), encoding="utf-8")

    return changed


DAMAGED: dict[str, Change] = {
    "empty_object": _text(MANIFEST, "{}"),
    "empty_list": _text(MANIFEST, "[]"),
    "only_itself": _manifest(lambda e: e.clear()),
    "pairs": _manifest(lambda e: list(map(list, e.items())), hashed=False),
    "number": _text(MANIFEST, "7"),
    "gone": lambda bundle: (bundle / MANIFEST).unlink(),
    "without_settings": _manifest(lambda e: e.pop("bundle.json") and None),
    "without_golden": _manifest(lambda e: e.pop("golden.json") and None),
    "without_a_model_file": _manifest(lambda e: e.pop("model/config.json") and None),
    "without_the_graph": _manifest(lambda e: e.pop(ONNX) and None),
    "digest_number": _manifest(lambda e: e.update({"bundle.json": 3})),
    "digest_null": _manifest(lambda e: e.update({"bundle.json": None})),
    "digest_short": _manifest(lambda e: e.update({"bundle.json": "00"})),
    "file_outside": _manifest(lambda e: e.update({"../secret.bin": "0" * 64})),
    "file_absolute": _manifest(lambda e: e.update({"/etc/passwd": "0" * 64})),
    "file_without_name": _manifest(lambda e: e.update({"": "0" * 64})),
    "file_with_nul": _manifest(lambda e: e.update({"a\0b": "0" * 64})),
    "file_more": lambda bundle: (bundle / "model" / "adapter_config.json").write_text("{}"),
    "file_more_above": lambda bundle: (bundle / "more.txt").write_text("x"),
    "folder_linked": lambda bundle: (bundle / "model" / "more").symlink_to(bundle.parent),
}
