"""The lean install in a clean environment: how large it is, and that it opens a bundle and answers."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import burnish
from tests.integration import environments

LARGEST = 300 * 10**6
TEXTS = ["my card is broken at home", "my new parcel is late"]


@pytest.mark.slow
def test_a_clean_environment_is_small_and_answers(trained: Callable[..., Path], tmp_path: Path) -> None:
    from burnish.cli.commands import run

    folder = tmp_path / "run"
    shutil.copytree(trained("label", "full", "bert", epochs=12), folder)
    assert run(["export", str(folder), "--to", "onnx"]) == 0
    expected = [a.answer for a in burnish.load(folder, runtime="torch")(TEXTS)]

    environment = tmp_path / "environment"
    python = environments.lean(environment)
    program = (
        "import json, sys, burnish\n"
        f"predictor = burnish.load({str(folder / 'bundle')!r})\n"
        f"print(json.dumps([a.answer for a in predictor({TEXTS!r})]))\n"
    )
    done = environments.run(python, "-c", program, at=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == expected
    (tmp_path / "new.csv").write_text("text\n" + "\n".join(TEXTS) + "\n", encoding="utf-8")
    command = [environment / "bin" / "burnish", "predict", folder / "bundle", "new.csv", "-o", "answers.jsonl"]
    done = environments.run(*command, at=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = (tmp_path / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["prediction"] for line in lines] == expected
    packages = next((environment / "lib").glob("python*")) / "site-packages"
    assert not (packages / "torch").exists()
    assert not (packages / "pyarrow").exists()
    size = sum(p.stat().st_size for p in packages.rglob("*") if p.is_file() and not _installer(p, packages))
    print(f"lean install: {size / 1e6:.0f} MB", file=sys.stderr)
    assert size < LARGEST


def _installer(path: Path, packages: Path) -> bool:
    """pip and setuptools came with the environment, not with burnish."""
    return path.relative_to(packages).parts[0].startswith(("pip", "setuptools", "pkg_resources", "_distutils_hack"))
