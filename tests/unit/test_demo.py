"""`make demo` and `make demo-chat` given again: an interrupted run goes on, a finished one is kept beside the new one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BURNISH = """#!/bin/sh
echo "$@" >> "{log}"
if test "$1" = "{stops}"; then exit 130; fi
case "$1" in
  train) mkdir -p "{run}" && touch "{run}/recipe.yaml" ;;
  predict) touch "{run}/{last}" ;;
esac
"""
RECIPES = {"demo": "recipes/demo.yaml", "demo-chat": "recipes/ferry_desk.yaml model=CHECKPOINT"}


class Demo:
    """The Makefile with commands in the place of burnish and Python; of burnish is written down what it was asked for."""

    def __init__(self, folder: Path, target: str) -> None:
        self.venv, self.run, self.log, self.target = folder / "venv", folder / target, folder / "log", target
        bin_ = self.venv / "bin"
        bin_.mkdir(parents=True)
        (bin_ / "python").write_text("#!/bin/sh\necho CHECKPOINT\n", encoding="utf-8")
        (bin_ / "python").chmod(0o755)
        self.stopping_at("")
        (self.venv / ".demo").touch()
        after = (ROOT / "pyproject.toml").stat().st_mtime + 10  # or the Makefile would install
        for path in (bin_ / "python", self.venv / ".demo"):
            os.utime(path, (after, after))

    def stopping_at(self, verb: str) -> None:
        """The verb of burnish that is interrupted from now on."""
        path = self.venv / "bin" / "burnish"
        last = "predictions.csv" if self.target == "demo" else "predictions.jsonl"
        path.write_text(BURNISH.format(log=self.log, run=self.run, stops=verb, last=last), encoding="utf-8")
        path.chmod(0o755)

    def make(self) -> str:
        """What `make` prints."""
        words = ["make", "-C", str(ROOT), self.target, f"VENV={self.venv}", f"RUN={self.run}", f"CHAT={self.run}"]
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False).stdout

    def trained(self) -> list[str]:
        """What `burnish train` was given, each time."""
        return [line for line in self.log.read_text(encoding="utf-8").splitlines() if line.startswith("train")]


@pytest.fixture(params=RECIPES)
def demo(request: pytest.FixtureRequest, tmp_path: Path) -> Demo:
    if shutil.which("make") is None:
        pytest.skip("make is not here")
    return Demo(tmp_path, request.param)


@pytest.mark.parametrize("verb", ["second", "predict"])
def test_an_interrupted_demo_goes_on(demo: Demo, verb: str) -> None:
    demo.stopping_at({"demo": "export", "demo-chat": "chat"}[demo.target] if verb == "second" else verb)
    demo.make()
    demo.stopping_at("")
    said = demo.make()
    assert "was interrupted: it goes on where it was" in said
    assert "Report:" in said
    assert demo.trained() == [f"train {RECIPES[demo.target]} --out {demo.run}", f"train --resume --out {demo.run}"]
    assert [p.name for p in demo.run.parent.iterdir() if "-before" in p.name] == []


def test_a_finished_demo_is_kept_and_that_is_said(demo: Demo) -> None:
    demo.make()
    said = demo.make()
    (kept,) = [p for p in demo.run.parent.iterdir() if "-before" in p.name]
    assert f"The earlier demo is kept in {kept}" in said
    assert list(kept.glob("predictions.*"))
    assert demo.trained() == [f"train {RECIPES[demo.target]} --out {demo.run}"] * 2
