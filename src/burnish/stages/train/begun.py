"""What a run began with: a copy with a hash of its own, which resuming is compared with, and not with the files people edit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError
from burnish.core.files import read_json, write_json
from burnish.recipe.text import loads
from burnish.recipe.written import commented
from burnish.stages.environment import environment
from burnish.stages.prepare.prepare import Prepared

FILE = "begun.json"
FREE = (
    "device",
    "trackers",
    "workers",
    "decoded_cache",
    "keep_checkpoints",
    "monitoring",
    "trust_code",
    "data.cache",
    "audit",
)
"""Settings that change nothing of what is learned: they may be edited in recipe.yaml."""
PLACES = ("data.train", "data.validation", "data.test")
"""Where the rows are: another place may be named when a run is continued; the rows themselves are compared."""
CHANGEABLE = (
    "epochs",
    "max_steps",
    "early_stopping",
    "validation_epochs",
    "validation_steps",
    "checkpoint_steps",
    "nonfinite",
    "micro_batch_size",
    "evaluation_batch_size",
    "baselines",
    "resamples",
    "golden_examples",
    *PLACES,
)
"""Settings that may be given another value when a run is continued, if they are named on the command line."""


@dataclass(frozen=True)
class Begun:
    """The record of a run's beginning.

    Attributes:
        recipe: settled, as plain values; after an agreed change, with it.
        data: of each split its files and a hash of which rows it has.
        reads: a hash of how rows are read: the tokenizer or the like.
        frozen: a hash of the weights that do not learn; empty where all of them learn.
        identity: a hash of all that never changes in a run; every checkpoint holds it.
        environment: what the run began with: versions, machine, command.
        resumed: the same of each continuation that had other versions or another machine.
        changes: what was agreed later: `step` and of each field the value before and after.
        pending: where the earlier result is being moved to while a change is written down; else None.
    """

    recipe: dict[str, Any]
    data: dict[str, Any]
    reads: str
    frozen: str
    identity: str
    environment: dict[str, Any]
    resumed: tuple[dict[str, Any], ...] = ()
    changes: tuple[dict[str, Any], ...] = ()
    pending: str | None = field(default=None)

    @staticmethod
    def of(prepared: Prepared, frozen: str, command: Sequence[str]) -> Begun:
        """The record of a run that is about to begin."""
        recipe, data, reads = plain(prepared), prepared.hashes(), prepared.processor.fingerprint()
        return Begun(recipe, data, reads, frozen, _identity(recipe, data, reads, frozen), environment(command))

    def changed(self, prepared: Prepared, changes: Mapping[str, tuple[Any, Any]], step: int, pending: str) -> Begun:
        """The record after a change that was agreed; `pending` until it is written down everywhere."""
        entry = {"step": step, **{name: list(values) for name, values in changes.items()}}
        return replace(
            self, recipe=plain(prepared), data=prepared.hashes(), changes=(*self.changes, entry), pending=pending
        )

    def continued(self, command: Sequence[str]) -> Begun:
        """The record after another start, where it has other versions or another machine than the last one."""
        now, last = environment(command), [self.environment, *self.resumed][-1]
        same = {**now, "command": None} == {**last, "command": None}
        return self if same else replace(self, resumed=(*self.resumed, now))

    def machine(self) -> dict[str, Any]:
        """What environment.json says."""
        more = {"resumed": list(self.resumed)} if self.resumed else {}
        return {**self.environment, **more, "data": self.data}

    def save(self, folder: Path) -> None:
        """Write the record with its hash; it appears whole or not at all."""
        values = json.loads(json.dumps(asdict(self)))
        write_json(folder / FILE, {**values, "sha256": _hash(values)})


def plain(prepared: Prepared) -> dict[str, Any]:
    """The settled recipe as recipe.yaml says it."""
    values: dict[str, Any] = loads(commented(prepared.recipe))
    return values


def read(folder: Path) -> Begun | None:
    """The record of the run in a folder; None where there is none.

    Raises:
        InputError: it is not the file that was written.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    values = read_json(path)
    if not isinstance(values, dict) or values.pop("sha256", None) != _hash(values):
        raise InputError(
            "the record of what the run began with is not the file that was written",
            expected="the file as burnish wrote it: without it nobody knows which examples are held out",
            fix="bring back a copy, or start a new run",
            place=str(path),
        )
    lists = {name: tuple(values[name]) for name in ("resumed", "changes")}
    return Begun(**{**values, **lists})


def matches(names: Sequence[str], place: str) -> bool:
    """Whether a dotted place is one of these settings, or inside one."""
    return any(place == name or place.startswith(f"{name}.") for name in names)


def leaves(value: Any, place: str = "") -> dict[str, Any]:
    """Plain values by dotted place; lists are values."""
    if not isinstance(value, Mapping) or not value:
        return {place: value}
    flat: dict[str, Any] = {}
    for name, inside in value.items():
        flat |= leaves(inside, f"{place}.{name}" if place else str(name))
    return flat


def _identity(recipe: Mapping[str, Any], data: Mapping[str, Any], reads: str, frozen: str) -> str:
    kept = {p: v for p, v in leaves(recipe).items() if not matches((*FREE, *CHANGEABLE), p)}
    rows = {name: {k: v for k, v in split.items() if k != "files"} for name, split in data.items()}
    return _hash({"recipe": kept, "rows": rows, "reads": reads, "frozen": frozen})


def _hash(values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
