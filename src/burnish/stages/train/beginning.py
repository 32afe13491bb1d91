"""The first writing into the folder of a run: everything is checked, and training is about to start."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from burnish.core.events import Event
from burnish.core.files import ASIDE, read_json, write_json, write_text
from burnish.recipe.written import commented
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.train import earlier
from burnish.stages.train.assemble import Assembled
from burnish.stages.train.begun import Begun
from burnish.stages.train.going_on import GoingOn
from burnish.stages.train.run_folder import Deferred, RunFolder
from burnish.trackers import Tracking
from burnish.training import checkpoint


def begin(
    folder: RunFolder,
    prepared: Prepared,
    assembled: Assembled,
    going: GoingOn,
    command: Sequence[str],
    tracking: Tracking,
) -> GoingOn:
    """Write down what the run began with, or what is agreed to change in it, and open its trackers.

    Returns:
        How the run goes on, with its identity; by the first process alone, the others write nothing.
    """
    if not assembled.training.accelerator.main:
        return going
    folder.path.mkdir(parents=True, exist_ok=True)
    for leftover in folder.path.glob(f"{ASIDE}*"):  # of a process that was killed
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    # The recipe comes first: from then on this is a run that can be resumed. What a kill kept from being written is
    # written then.
    if not folder.recipe.is_file():
        write_text(folder.recipe, commented(prepared.recipe))
    record = folder.record or _recorded(folder, prepared, assembled, command)
    changed = _changed(folder, record, prepared, going).continued(command)
    if changed != record:
        changed.save(folder.path)
    for path, before, now in (
        (folder.environment, record.machine(), changed.machine()),
        (folder.audit, None, prepared.audit.to_dict()),
    ):
        edited = _written(path, before, now)
        if edited and folder.record is not None:
            tracking(Event("warning", {"text": edited}))
    folder.checkpoints.mkdir(exist_ok=True)
    assert isinstance(tracking, Deferred)
    tracking.begin()
    return replace(going, identity=record.identity)


def _recorded(folder: RunFolder, prepared: Prepared, assembled: Assembled, command: Sequence[str]) -> Begun:
    """The record of a run that has none: it begins, or an older burnish began it."""
    frozen = checkpoint.frozen(assembled.training.network, assembled.training.optimizer)
    record = Begun.of(prepared, frozen, command)
    if folder.environment.is_file():  # a run that an older burnish began
        then = read_json(folder.environment)
        record = replace(record, environment={k: v for k, v in then.items() if k != "data"})
    record.save(folder.path)
    return record


def _changed(folder: RunFolder, record: Begun, prepared: Prepared, going: GoingOn) -> Begun:
    """The record after the changes that were agreed, written down and the earlier result moved out of the way."""
    path = folder.path
    if going.changes:
        place = earlier.place(path, going.step).relative_to(path).as_posix() if folder.finished() else ""
        record = record.changed(prepared, going.changes, going.step, place)
        record.save(path)
    if record.pending is None:
        return record
    if record.pending:
        earlier.set_aside(path, path / record.pending)
    write_text(folder.recipe, commented(prepared.recipe))
    record = replace(record, pending=None)
    record.save(path)
    return record


def _written(path: Path, before: Any, now: Any) -> str:
    """Write a file anew where it does not say what it should; a sentence where somebody changed it."""
    value = json.loads(json.dumps(now))
    there = read_json(path) if path.is_file() else value
    if there != value or not path.is_file():
        write_json(path, now)
    same = there == value or (before is not None and there == json.loads(json.dumps(before)))
    return "" if same else f"{path.name} did not say what it should; it is written anew"
