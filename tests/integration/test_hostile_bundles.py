"""Bundles of which a file is not what burnish writes, under a manifest to match: each is refused in words, with exit code 2."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import burnish
from burnish.bundle.info import describe
from burnish.bundle.signature import TRUST
from burnish.core.errors import InputError
from burnish.core.files import MANIFEST, write_manifest
from tests.integration.hostile_files import DAMAGED, HOSTILE, NESTED
from tests.integration.spoiled import Said, write_csv

pytest.importorskip("onnx", reason="the extra `export` is not installed")
Command = Callable[..., Said]


@pytest.fixture(scope="module")
def good(trained: Callable[..., Path], exported: Callable[..., Path]) -> Path:
    """A bundle with an ONNX artifact."""
    return exported(trained("label", "full", "bert", epochs=12), "--to", "onnx") / "bundle"


@pytest.fixture
def bundle(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "bundle"))


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_file_that_burnish_does_not_write_is_refused(bundle: Path, name: str) -> None:
    """By whatever opens it: the runtime that reads the file in question."""
    change, runtime = HOSTILE[name]
    change(bundle)
    write_manifest(bundle)
    with pytest.raises(InputError) as error:
        burnish.load(bundle, runtime=runtime)("my card is broken at home")
    assert error.value.found
    assert "\n" not in error.value.found


@pytest.mark.parametrize("name", ["settings_text", "golden_nan", "facts_list", "onnx_half"])
def test_every_command_ends_with_exit_code_2(bundle: Path, name: str, burnish_command: Command, tmp_path: Path) -> None:
    HOSTILE[name][0](bundle)
    write_manifest(bundle)
    data = write_csv(tmp_path / "new.csv", [{"text": "my card is broken at home"}])
    said = burnish_command("predict", bundle, data, "--out", tmp_path / "answers.csv", "--runtime", "onnx")
    assert said.code == 2, said.err
    assert "unexpected" not in said.err
    assert not (tmp_path / "answers.csv").exists()


@pytest.mark.parametrize("name", sorted(DAMAGED))
def test_a_manifest_names_every_file(bundle: Path, name: str, burnish_command: Command, tmp_path: Path) -> None:
    """Neither less than there is nor more; and `info` says so with exit code 2."""
    DAMAGED[name](bundle)
    with pytest.raises(InputError):
        burnish.load(bundle, runtime="onnx")
    with pytest.raises(InputError):
        describe(bundle)


def test_info_ends_with_exit_code_2(bundle: Path, burnish_command: Command) -> None:
    assert burnish_command("info", bundle).code == 0
    (bundle / MANIFEST).write_text("{}")
    said = burnish_command("info", bundle)
    assert said.code == 2
    assert "manifest.json names no file" in said.err


def test_what_a_system_leaves_in_every_folder_is_no_damage(bundle: Path) -> None:
    """Nor an artifact of an export that was killed before it belonged to the bundle."""
    (bundle / ".DS_Store").write_bytes(b"x")
    (bundle / "model" / "Thumbs.db").write_bytes(b"x")
    shutil.copytree(bundle / "artifacts" / "onnx-float32", bundle / "artifacts" / "onnx-other")
    assert burnish.load(bundle)("my card").answer
    (bundle / "artifacts" / "onnx-float32" / "more.txt").write_text("x")
    with pytest.raises(InputError, match=r"onnx-float32/more\.txt is not in manifest"):
        burnish.load(bundle)


@pytest.mark.parametrize("value", ["", ":", " : "])
def test_a_trust_that_names_no_key_is_an_error(bundle: Path, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever set it wanted signatures to be checked."""
    monkeypatch.setenv(TRUST, value)
    with pytest.raises(InputError, match="names no public key"):
        burnish.load(bundle)
    with pytest.raises(InputError, match="names no public key"):
        describe(bundle)


def test_json_nested_without_end_is_refused_in_the_manifest(bundle: Path) -> None:
    (bundle / MANIFEST).write_text(NESTED)
    with pytest.raises(InputError, match=r"manifest\.json"):
        burnish.load(bundle)


def test_nothing_is_refused_that_burnish_wrote(bundle: Path) -> None:
    """The bundle that the others are made of."""
    settings: dict[str, Any] = json.loads((bundle / "bundle.json").read_text())
    assert burnish.load(bundle, runtime="onnx")("my card").answer in settings["target"]["labels"]
    assert describe(bundle)
