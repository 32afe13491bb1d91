"""Runs that several files look at are trained once a session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration import tiny_runs


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or fills the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BURNISH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A tiny checkpoint by architecture."""
    folder = tmp_path_factory.mktemp("checkpoints")
    return lambda architecture: tiny_runs.checkpoint_at(folder / architecture, architecture)


@pytest.fixture(scope="session")
def bert(checkpoint: Callable[[str], Path]) -> Path:
    """The checkpoint most tests start from; never changed."""
    return checkpoint("bert")


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The rows of a task as a JSON lines file."""
    folder = tmp_path_factory.mktemp("tables")
    return lambda task: tiny_runs.write_jsonl(folder / f"{task}.jsonl", tiny_runs.rows(task))


@pytest.fixture(scope="session")
def trained(
    tmp_path_factory: pytest.TempPathFactory, checkpoint: Callable[[str], Path], table: Callable[[str], Path]
) -> Callable[..., Path]:
    """The run folder of a task, adapter and architecture; trained when it is first asked for, and then only read."""
    folder = tmp_path_factory.mktemp("runs")

    def run(task: str = "label", adapter: str = "full", architecture: str = "bert", **more: Any) -> Path:
        import burnish

        out = folder / "-".join([task, adapter, architecture, *(f"{name}={value}" for name, value in more.items())])
        if not out.exists():
            recipe = tiny_runs.settings(task, checkpoint(architecture), str(table(task)), **more)
            burnish.train({**recipe, "adapter": tiny_runs.ADAPTERS[adapter]}, out=out)
        return out

    return run


@dataclass(frozen=True)
class Said:
    """What a command did: exit code, and what it wrote."""

    code: int
    out: str
    err: str


@pytest.fixture
def burnish_command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """The command line, in this process: `burnish_command("train", recipe, "--out", folder)`."""

    def call(*words: object) -> Said:
        from burnish.cli import run

        capsys.readouterr()
        code = run([str(word) for word in words])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return call
