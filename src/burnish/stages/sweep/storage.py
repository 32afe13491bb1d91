"""What is known of all trials, in a file that several processes share and that a kill does not spoil."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from burnish.core.errors import InputError
from burnish.core.seeds import derive
from burnish.jobs.lock import locked
from burnish.recipe.space import Range, drawn

Sampler = Literal["tpe", "random", "grid"]
Pruning = Literal["none", "median", "hyperband"]
Kept = Literal["sqlite", "journal"]
NAME = "sweep"
WHOLE = 100
"""Validations are told apart by the hundredth of the run at which they were made."""
STARTUP = 8
"""Trials at random before TPE has something to learn from."""


def library() -> Any:
    """Optuna, silent.

    Raises:
        InputError: it is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        raise InputError("`burnish sweep` needs the package optuna", fix="pip install 'burnish[sweep]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


def study(out: Path, kept: Kept, pruning: Pruning) -> Any:
    """The study in a folder, made where there is none; the score to be raised is the deciding metric, its sign turned
    where less is better.

    Args:
        out: of the sweep.
        kept: in which kind of file.
        pruning: which trials are ended early.
    """
    optuna = library()
    if kept == "sqlite":
        storage: Any = optuna.storages.RDBStorage(
            f"sqlite:///{out / 'trials.db'}", engine_kwargs={"connect_args": {"timeout": 120}}
        )
    else:
        path = out / "trials.journal"
        backend = optuna.storages.journal.JournalFileBackend(str(path), lock_obj=_JournalLock(path))
        storage = optuna.storages.JournalStorage(backend)
    return optuna.create_study(
        study_name=NAME, storage=storage, direction="maximize", load_if_exists=True, pruner=_pruner(optuna, pruning)
    )


def _pruner(optuna: Any, pruning: Pruning) -> Any:
    if pruning == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=4)
    if pruning == "hyperband":
        return optuna.pruners.HyperbandPruner(min_resource=WHOLE // 10, max_resource=WHOLE, reduction_factor=3)
    return optuna.pruners.NopPruner()


class _JournalLock:
    """What Optuna's journal takes for a lock: a killed process gives it back, and half a line that it left is taken away."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: Any = None

    def acquire(self) -> bool:
        self._held = locked(self._path.with_suffix(".lock"))
        self._held.__enter__()
        _without_half_a_line(self._path)
        return True

    def release(self) -> None:
        self._held.__exit__(None, None, None)


def _without_half_a_line(path: Path) -> None:
    if not path.is_file() or not (size := path.stat().st_size):
        return
    with path.open("rb+") as file:
        file.seek(size - 1)
        if file.read(1) != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)


def sampled(study: Any, kind: Sampler, seed: int, number: int) -> None:
    """Let the next trial be drawn by a stream of its own: a pure function of the seed, its number and what is known.

    A stream that goes on from trial to trial would begin anew in each process, and draw the same trials twice.
    """
    optuna, own = library(), derive(seed, "trial", number) % 2**32
    if kind == "tpe":
        study.sampler = optuna.samplers.TPESampler(seed=own, n_startup_trials=STARTUP)
    else:
        study.sampler = optuna.samplers.RandomSampler(seed=own)


class Suggested:
    """Values as Optuna suggests them; those that a trial was given before stay."""

    def __init__(self, trial: Any) -> None:
        self._trial = trial

    def number(self, place: str, among: Range) -> float:
        """See `space.Draw`."""
        if among.whole:
            steps = {} if among.log else {"step": int(among.step or 1)}
            return int(self._trial.suggest_int(place, int(among.low), int(among.high), log=among.log, **steps))
        return float(self._trial.suggest_float(place, among.low, among.high, log=among.log, step=among.step))

    def label(self, place: str, labels: list[str]) -> str:
        """See `space.Draw`."""
        return str(self._trial.suggest_categorical(place, labels))


def settings_of(trial: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe of a trial."""
    return drawn(settings, Suggested(trial))
