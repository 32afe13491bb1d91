"""What the words of `burnish export --to ... --quantize ...` ask for."""

from __future__ import annotations

from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.stages.export.wishes import wishes


@pytest.mark.parametrize(
    ("formats", "methods", "asked"),
    [
        (["onnx"], ["int8"], [("onnx", None, ["int8"])]),
        (["gguf"], ["float16", "q8_0"], [("gguf", "float16", []), ("gguf", "q8_0", [])]),
        (
            ["safetensors", "gguf", "ctranslate2"],
            ["int8"],
            [
                ("safetensors", None, []),
                ("gguf", "float16", []),
                ("ctranslate2", "float32", []),
                ("ctranslate2", "int8", []),
            ],
        ),
        (["gguf", "onnx"], ["int8"], [("gguf", "float16", []), ("onnx", None, ["int8"])]),
        (["gguf", "onnx"], ["q8_0"], [("gguf", "float16", []), ("gguf", "q8_0", []), ("onnx", None, [])]),
    ],
)
def test_each_precision_goes_to_the_formats_that_have_it(formats: list[str], methods: list[str], asked: Any) -> None:
    made = wishes(formats, methods)
    assert [
        (wish.exporter.kind(), getattr(wish.exporter, "precision", None), [c.precision for c in wish.compressions])
        for wish in made
    ] == asked


def test_one_that_no_format_has_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError) as refused:
        wishes(["gguf", "ctranslate2"], ["int4"])
    assert "int4" in refused.value.found
    assert refused.value.expected == "gguf: float32, float16, q8_0; ctranslate2: float32, float16, bfloat16, int8"
