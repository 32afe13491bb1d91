"""Bundles that transcribe, of which a setting or the tokenizer was changed under a manifest to match: refused in words."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import burnish
from burnish.core.errors import InputError
from burnish.core.files import write_manifest
from tests.speech_bundles import speech_bundle

Change = Callable[[dict[str, Any]], None]


def setting(name: str, value: Any) -> Change:
    """Of the target's processor."""
    return lambda kept: kept["processor"]["target"].update({name: value})


def swapped(kept: dict[str, Any]) -> None:
    """Two letters change places, in the processor alone."""
    tokens = kept["processor"]["target"]["tokens"]
    tokens[3], tokens[4] = tokens[4], tokens[3]


WRITES: dict[str, tuple[Change, str]] = {
    "no stops": (setting("stops", []), "'stops' is empty"),
    "no prompt": (setting("prompt", []), "'prompt' is empty"),
    "a stop that is no token": (setting("stops", [9_999_999]), "'stops' holds 9999999"),
    "a prompt of texts": (setting("prompt", ["x"]), "'prompt' holds 'x'"),
    "no room": (setting("longest", 1), "'longest' is 1"),
}
SPELLS: dict[str, tuple[Change, str]] = {
    "a blank that is no token": (setting("blank", 99), "'blank' is 99"),
    "no samples of a frame": (setting("every", 0), "'every' is 0"),
    "no tokens": (setting("tokens", []), "'tokens' is no list of texts"),
    "a stride of nothing": (setting("strides", [0]), "'strides' holds 0"),
    "other letters": (swapped, "target and processor have different tokens"),
}


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bundles")
    return {"writes": speech_bundle(folder / "writes"), "spells": speech_bundle(folder / "spells", "wav2vec2")}


def changed(bundle: Path, change: Change, folder: Path) -> Path:
    """A copy with other settings, sealed anew."""
    copy = Path(shutil.copytree(bundle, folder / "bundle"))
    kept = json.loads((copy / "bundle.json").read_text(encoding="utf-8"))
    change(kept)
    (copy / "bundle.json").write_text(json.dumps(kept), encoding="utf-8")
    write_manifest(copy)
    return copy


@pytest.mark.parametrize("name", sorted(WRITES))
def test_settings_of_a_decoder_that_cannot_be(name: str, bundles: dict[str, Path], tmp_path: Path) -> None:
    change, words = WRITES[name]
    with pytest.raises(InputError, match=words):
        burnish.load(changed(bundles["writes"], change, tmp_path))


@pytest.mark.parametrize("name", sorted(SPELLS))
def test_settings_of_a_spelling_that_cannot_be(name: str, bundles: dict[str, Path], tmp_path: Path) -> None:
    change, words = SPELLS[name]
    with pytest.raises(InputError, match=words):
        burnish.load(changed(bundles["spells"], change, tmp_path))


def test_another_tokenizer_answers_otherwise(bundles: dict[str, Path], tmp_path: Path) -> None:
    """Two tokens change places: the reference example tells."""
    copy = Path(shutil.copytree(bundles["writes"], tmp_path / "bundle"))
    ids = [entry["answer"] for entry in json.loads((copy / "golden.json").read_text(encoding="utf-8"))]
    place = copy / "model" / "tokenizer.json"
    kept = json.loads(place.read_text(encoding="utf-8"))
    vocabulary = kept["model"]["vocab"]
    written = {letter for text in ids for letter in text if letter in vocabulary}
    one, other = sorted(written)[0], "~"
    vocabulary[one], vocabulary[other] = vocabulary[other], vocabulary[one]
    place.write_text(json.dumps(kept), encoding="utf-8")
    write_manifest(copy)
    with pytest.raises(InputError, match="reference"):
        burnish.load(copy)
