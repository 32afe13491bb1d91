"""The Dockerfile of a bundle, read as Docker would read it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import burnish
from burnish.cli.commands import commands
from burnish.server.dockerfile import dockerfile, requirement
from tests.integration.spoiled import Said


@pytest.fixture
def run(trained: Callable[..., Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained("label"), tmp_path / "Our Run"))


def instructions(path: Path) -> list[tuple[str, str]]:
    """Word and argument of each instruction, continued lines joined, comments left out."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def test_the_file(run: Path, burnish_command: Callable[..., Said]) -> None:
    said = burnish_command("dockerfile", run)
    assert said.code == 0, said.err
    path = run / "Dockerfile"
    found = instructions(path)
    words = [word for word, _ in found]
    last = dict(found)
    assert words[0] == "FROM"
    assert words.count("FROM") == 2  # pip's leavings stay in the first
    assert all(re.fullmatch(r"python:3\.\d+-slim( AS build)?", a) for w, a in found if w == "FROM")
    user, _, group = last["USER"].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert "/healthz" in last["HEALTHCHECK"]
    flags, _, places = last["COPY"].partition("[")
    source, target = json.loads("[" + places)
    assert "--chown=0:0" in flags  # what serves cannot change what it serves
    assert (path.parent / source / "bundle.json").is_file()
    command = json.loads(last["ENTRYPOINT"])
    assert command[:3] == ["burnish", "serve", target]
    assert "Our-Run" in target
    context = commands.commands["serve"].make_context("serve", command[2:], resilient_parsing=True)
    assert (context.params["host"], context.params["port"]) == ("0.0.0.0", 8000)
    assert not {"ADD", "SHELL"} & set(words)
    assert not re.search(r"curl|wget|apt|sudo|latest", path.read_text())
    ignored = path.with_name("Dockerfile.dockerignore").read_text().splitlines()
    assert ignored == ["*", "!bundle", "!bundle/**"]


def test_lean_where_there_is_an_artifact(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = burnish.Bundle.load(run)
    whole = ["burnish[train]"]
    assert requirement(bundle) == whole
    for form, hardware, library, needs in (
        ("onnx", "", "", ["burnish"]),
        ("onnx", "", "onnxruntime-extensions", ["burnish", "onnxruntime-extensions"]),
        ("ctranslate2", "", "", ["burnish[ctranslate2]"]),
        ("onnx", "zynq_dpu", "", whole),
        ("litert", "", "", whole),
        ("", "", "", whole),
    ):
        made = SimpleNamespace(format=form, hardware=hardware, library=library)
        monkeypatch.setattr(burnish.Bundle, "artifacts", lambda self, made=made: [made])
        assert requirement(bundle) == needs


def test_a_wheel_is_installed_where_one_is_given(
    run: Path, tmp_path: Path, burnish_command: Callable[..., Said]
) -> None:
    """Before a version is published, and where no index can be reached."""
    (run / "burnish-1.2.3-py3-none-any.whl").write_bytes(b"")
    said = burnish_command("dockerfile", run, "--wheel", run / "burnish-1.2.3-py3-none-any.whl")
    assert said.code == 0, said.err
    found = instructions(run / "Dockerfile")
    copied = json.loads(next(argument for word, argument in found if word == "COPY"))
    assert copied == ["burnish-1.2.3-py3-none-any.whl", "/tmp/burnish-1.2.3-py3-none-any.whl"]
    assert any(f'pip install "{copied[1]}[train]"' in argument for _, argument in found)
    assert "!burnish-1.2.3-py3-none-any.whl" in (run / "Dockerfile.dockerignore").read_text().splitlines()
    for wheel, words in ((tmp_path / "burnish-1.2.3.whl", "no wheel of burnish"), (run / "bundle", "no wheel")):
        said = burnish_command("dockerfile", run, "-o", tmp_path / "Dockerfile", "--wheel", wheel)
        assert said.code == 2
        assert words in said.err


def test_nothing_is_overwritten_and_the_bundle_must_be_in_reach(run: Path, tmp_path: Path) -> None:
    dockerfile(run)
    with pytest.raises(burnish.InputError, match="there already"):
        dockerfile(run)
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(burnish.InputError, match="does not lie below"):
        dockerfile(run, tmp_path / "elsewhere" / "Dockerfile")
    assert dockerfile(run, tmp_path / "Dockerfile")["dockerfile"].read_text().count("Our Run/bundle") == 1
