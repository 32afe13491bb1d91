"""Runs that several files look at are trained once for all workers; what is patched for them ends with the folder."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from tests.image_cases import save
from tests.integration import tiny_runs
from tests.integration.spoiled import Bench, Said, write_csv
from tests.shared_folder import made_once, shared_base
from tests.undrawn import draw_again, leave_pictures_empty
from tests.vision_cases import checkpoint as vision_checkpoint

COLOURS = {"red": (220, 30, 30), "green": (30, 220, 30), "blue": (30, 30, 220)}


@pytest.fixture(scope="package", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or fills the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BURNISH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="package", autouse=True)
def _pictures_take_no_time() -> Iterator[None]:
    """The picture files of these runs are empty, but for those of tests that ask for `drawn`."""
    with pytest.MonkeyPatch.context() as patch:
        leave_pictures_empty(patch)
        yield


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of the runs of this test are drawn after all."""
    draw_again(monkeypatch)


@pytest.fixture(scope="package")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A tiny checkpoint by architecture."""
    folder = shared_base(tmp_path_factory) / "checkpoints"

    def made(architecture: str) -> Path:
        place = folder / architecture
        return made_once(place, lambda: tiny_runs.checkpoint_at(place, architecture))

    return made


@pytest.fixture(scope="package")
def bert(checkpoint: Callable[[str], Path]) -> Path:
    """The checkpoint most tests start from; never changed."""
    return checkpoint("bert")


@pytest.fixture(scope="package")
def chat(checkpoint: Callable[[str], Path]) -> Path:
    """A tiny Llama that chats (ChatML, tools): control tokens, chat template, settings to write with; never changed."""
    return checkpoint("chat-llama")


@pytest.fixture(scope="package")
def table(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The rows of a task as a JSON lines file."""
    folder = shared_base(tmp_path_factory) / "tables"

    def made(task: str) -> Path:
        place = folder / f"{task}.jsonl"
        return made_once(place, lambda: tiny_runs.write_jsonl(place, tiny_runs.rows(task)))

    return made


@pytest.fixture(scope="package")
def trained(
    tmp_path_factory: pytest.TempPathFactory, checkpoint: Callable[[str], Path], table: Callable[[str], Path]
) -> Callable[..., Path]:
    """The run folder of a task, adapter and architecture; trained when it is first asked for, and then only read."""
    folder = shared_base(tmp_path_factory) / "runs"

    def run(task: str = "label", adapter: str = "full", architecture: str = "bert", **more: Any) -> Path:
        import burnish

        out = folder / "-".join([task, adapter, architecture, *(f"{name}={value}" for name, value in more.items())])
        recipe = tiny_runs.settings(task, checkpoint(architecture), str(table(task)), **more)
        return made_once(out, lambda: burnish.train({**recipe, "adapter": tiny_runs.ADAPTERS[adapter]}, out=out))

    return run


@pytest.fixture(scope="package")
def coloured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over pictures of one colour each, which a network cannot get wrong."""
    folder = shared_base(tmp_path_factory) / "coloured"
    made_once(folder / "run", lambda: _train_on_colours(folder))
    return folder / "run"


def _train_on_colours(folder: Path) -> None:
    import burnish

    for name, colour in COLOURS.items():
        for shade in range(20):
            picture = Pillow.new("RGB", (32, 32), tuple(max(0, value - shade) for value in colour))
            save(picture, folder / "data" / name / f"{shade:03}.png")
    recipe: dict[str, Any] = {
        "data": str(folder / "data"),
        "input": {"kind": "image", "size": 32},
        "target": {"kind": "label"},
        "model": {"kind": "timm", "name": str(vision_checkpoint("timm_resnet"))},
        "split": {"kind": "stratified", "validation": 0.2, "test": 0.2},
        "augmentation": "none",
    }
    steady = {"epochs": 20, "schedule": "constant", "learning_rate": 1e-3}
    run = burnish.train({**recipe, **tiny_runs.quick(), **steady}, out=folder / "run")
    assert run.scores["metrics"]["accuracy"]["value"] == 1.0  # else these tests would show little


@pytest.fixture
def burnish_command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """The command line, in this process: `burnish_command("train", recipe, "--out", folder)`."""

    def call(*words: object) -> Said:
        from burnish.cli.commands import run

        capsys.readouterr()
        code = run([str(word) for word in words])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="package")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A run exported with these words, once for all workers and only read: `exported(run, "--to", "onnx")`."""
    shared = shared_base(tmp_path_factory)

    def call(run: Path, *words: str) -> Path:
        place = shared / "exports" / "-".join([*run.relative_to(shared).parts, *(w.strip("-") for w in words)])
        return made_once(place, lambda: _export(run, place, words))

    return call


def _export(run: Path, place: Path, words: tuple[str, ...]) -> None:
    from burnish.cli.commands import run as command

    shutil.copytree(run, place)
    assert command(["export", str(place), *words]) == 0


@pytest.fixture(scope="package")
def without_torch(trained: Callable[..., Path], exported: Callable[..., Path]) -> Path:
    """A run whose ONNX export answers: a server of it imports no torch, and is there in a sixth of the processor time."""
    return exported(trained("label", "full", "bert", epochs=12), "--to", "onnx")


@pytest.fixture
def exported_copy(tmp_path: Path, exported: Callable[..., Path]) -> Callable[..., Path]:
    """A copy of such a run, that may be changed."""
    return lambda run, *words: Path(shutil.copytree(exported(run, *words), tmp_path / "run"))


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[logging.LogRecord]:
    """What the server logs; pytest's own fixture looks after the logs of every test, in 4 % of the time of all."""
    records: list[logging.LogRecord] = []
    kept = logging.Handler()
    kept.emit = records.append  # type: ignore[method-assign]
    logger = logging.getLogger("burnish.server")
    monkeypatch.setattr(logger, "handlers", [*logger.handlers, kept])
    monkeypatch.setattr(logger, "level", logging.INFO)
    logger.manager._clear_cache()  # type: ignore[attr-defined]
    return records


@pytest.fixture
def bench(tmp_path: Path, bert: Path, burnish_command: Callable[..., Said]) -> Bench:
    """A recipe, its data and its checkpoint, all of which a test may spoil."""
    return Bench(tmp_path, bert, burnish_command)


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    """The rows of the label task as a CSV file."""
    return write_csv(tmp_path / "messages.csv", tiny_runs.rows("label"))
