"""Clean environments that a test makes for itself, and programs in them."""

from __future__ import annotations

import os
import subprocess
import venv
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


def run(*command: object, at: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A command that sees nothing of the environment of the tests."""
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, env=clean, cwd=at, check=False)


def lean(folder: Path) -> Path:
    """The Python of a new environment with burnish and nothing that it does not need; skips where no index answers."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    install(python, PROJECT)
    return python


def install(python: Path, *packages: object) -> None:
    """Install packages; skips where no index answers."""
    made = run(python, "-m", "pip", "install", "-q", *packages)
    if made.returncode and "No matching distribution" in made.stderr:
        pytest.skip("no package index can be reached")
    assert made.returncode == 0, made.stderr[-2000:]
