"""The record of a run names every library that computed, and what was other when it was continued."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from burnish.report.run import environment as section
from burnish.stages import environment as room
from burnish.stages.train.begun import Begun

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
TALKING = {
    "click",
    "rich",
    "fastapi",
    "uvicorn",
    "httptools",
    "python-multipart",
    "prometheus-client",
}  # compute nothing


def test_every_library_that_computes_is_named() -> None:
    """All that the project asks for but what serves, shows and signs."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["tables"], *extras["export"], *extras["tflite"], *extras["train"]]
    names = {re.split(r"[^\w.-]", line)[0] for line in wanted} - {"burnish"}
    assert names - TALKING <= set(room.PACKAGES)


def test_versions_are_those_installed() -> None:
    found = room.environment(["burnish", "train"])
    for name in ("timm", "torchvision", "pillow", "soundfile", "onnxruntime", "peft", "scikit-learn"):
        assert found["packages"][name] == metadata.version(name)
    assert None not in found["packages"].values()
    assert found["libraries"]["libsndfile"]
    assert found["libraries"]["libjpg"]


def test_a_continuation_with_other_versions_is_recorded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    began = Begun({}, {}, "", "", "", room.environment(["first"]))
    assert began.continued(["second"]) == began  # the same machine and versions
    own = room.versions()
    monkeypatch.setattr(room, "versions", lambda: {**own, "torch": "99.0"})
    later = began.continued(["third"])
    assert [found["packages"]["torch"] for found in later.resumed] == ["99.0"]
    assert later.continued(["fourth"]) == later
    assert later.machine()["resumed"] == list(later.resumed)
    facts: dict[str, Any] = {"environment": replace(later, data={}).machine()}
    assert f"torch 99.0 instead of {own['torch']}" in "\n".join(section(facts))
