"""What a run encodes with: the input's processor, and beside it the target's where it has one of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.core.processor import Pair, Processor
from burnish.core.written import require_kinds
from burnish.targets import Taught

if TYPE_CHECKING:
    from burnish.inputs import Input
    from burnish.targets import Target


def processor_of(input: Input, target: Target, folder: Path, settings: dict[str, Any] | None = None) -> Processor:
    """What input and target encode with, from the checkpoint in `folder`; `settings` are those a bundle kept.

    Args:
        input, target: the target has learned what it learns.
        folder: the checkpoint, or the model in a bundle.
        settings: as `Processor.settings` gave them; None: a checkpoint.

    Raises:
        InputError: the checkpoint has none, or settings that are not those of a pair.
    """
    if not isinstance(target, Taught) or not target.has_processor:
        return input.processor(folder, settings)
    if settings is None:
        reads = input.processor(folder)
        return Pair(reads, target.processor(folder, reads))
    require_kinds(settings, {"input": dict, "target": dict}, folder.parent / "bundle.json")
    reads = input.processor(folder, settings["input"])
    return Pair(reads, target.processor(folder, reads, settings["target"]))


def save_processor(input: Input, target: Target, processor: Processor, folder: Path) -> None:
    """Write the files of the input's processor and of the target's beside the weights."""
    input.save_processor(processor.for_input, folder)
    if isinstance(target, Taught) and target.has_processor:
        target.save_processor(processor.for_target, folder)
