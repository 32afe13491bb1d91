"""The weights that a run ships: those of the best checkpoint, or made of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from burnish.core.errors import RunFailed
from burnish.core.files import damage
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.train.chosen_weights import chosen_afterwards
from burnish.training import checkpoint, history

if TYPE_CHECKING:
    from burnish.stages.train.assemble import Assembled
    from burnish.stages.train.run_folder import RunFolder


def restore_best(folder: RunFolder, prepared: Prepared, assembled: Assembled, state: dict[str, Any]) -> dict[str, Any]:
    """Put the weights that are shipped into the network: the best, or made of several; the last without validation."""
    network = assembled.training.network
    best = history.best(history.from_json(state["validations"]))
    path = checkpoint.at(folder.checkpoints, best.step if best else state["step"])
    wrong = damage(path)
    if wrong:
        raise RunFailed(
            f"the {'best' if best else 'last'} checkpoint is damaged: {wrong[0]}",
            fix=f"burnish train --resume --out {folder.path}: it goes on from the newest one that is whole",
            place=str(path),
        )
    chosen = checkpoint.read(path)
    checkpoint.restore_weights(chosen.validated, network)
    chosen_hash = chosen.hash
    by = f"{best.metric} {best.value:.4f} on validation" if best else "the last step"
    if assembled.average is not None:
        by += f"; {assembled.average.words}"
    if made := chosen_afterwards(prepared, assembled, folder.checkpoints, state):
        chosen_hash, words = made
        by += f"; {words}"
    return {"step": chosen.step, "chosen_by": by, "weights_sha256": chosen_hash}
