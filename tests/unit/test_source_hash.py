"""Caches are made anew when the code that made them has changed, wherever it lies, and not otherwise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from burnish.core.processor import Processor
from burnish.core.source_hash import source_hash
from burnish.data.feeding.encode import _modules
from burnish.inputs import Input
from burnish.inputs.audio import Audio
from burnish.inputs.image import Image
from burnish.inputs.text import Text
from burnish.targets.label import Label


class Plain(Processor):
    """A processor of this file."""

    def fingerprint(self) -> str:
        return ""

    def settings(self) -> dict[str, Any]:
        return {}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a room inside, where Python finds it."""
    folder = tmp_path / "hashed_package"
    (folder / "room").mkdir(parents=True)
    for name in ("__init__.py", "file.py", "room/__init__.py", "room/_deep.py"):
        (folder / name).write_text("BEFORE = 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


@pytest.mark.parametrize("changed", ["__init__.py", "file.py", "room/__init__.py", "room/_deep.py"])
def test_a_changed_byte_anywhere_in_a_package_changes_the_hash(package: Path, changed: str) -> None:
    before = source_hash(["hashed_package"])
    assert source_hash(["hashed_package"]) == before
    (package / changed).write_text("BEFORE = 2\n", encoding="utf-8")
    assert source_hash(["hashed_package"]) != before


@pytest.mark.slow
def test_it_imports_nothing_and_depends_on_no_import(package: Path) -> None:
    source_hash(["hashed_package.room"])
    assert "hashed_package.room._deep" not in sys.modules
    before = source_hash(["burnish.models"])
    code = "import burnish.models.timm.network, burnish.models._vision.network\n"
    code += "from burnish.core.source_hash import source_hash; print(source_hash(['burnish.models']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == before


def test_what_is_not_there_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"burnish\.nowhere"):
        source_hash(["burnish.nowhere"])


@pytest.mark.parametrize(
    ("input_", "room"),
    [
        (Text(columns=["text"]), "burnish.media.text"),
        (Image(), "burnish.media.picture"),
        (Audio(), "burnish.media.sound"),
    ],
    ids=["text", "image", "audio"],
)
def test_encoded_rows_depend_on_the_room_of_their_medium(input_: Input, room: str) -> None:
    modules = _modules(input_, Label(column="label"), Plain())
    assert Plain.__module__ in modules  # a processor from elsewhere
    assert room in modules
    assert type(input_).__module__ in modules
    assert "burnish.targets.label" in modules
    assert "burnish.targets._named" in modules  # what targets share
