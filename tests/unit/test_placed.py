"""Between steps every process makes as many passes through the placed module as the others, whatever its share of rows."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from burnish.training.accelerator import Accelerator
from burnish.training.objective import SupervisedModule
from burnish.training.placed import PlacedRun, losses_alone
from tests.sequence_cases import sequences


class Peers:
    """Processes played by threads: a flag is known to all once all have asked, and passes are counted."""

    def __init__(self, processes: int) -> None:
        self.processes = processes
        self.barrier = threading.Barrier(processes, timeout=20)
        self.flags = [False] * processes

    def of(self, process: int) -> Any:
        """One of them."""
        return Peer(self, process)


class Peer:
    """One process, as far as a `PlacedRun` asks."""

    def __init__(self, peers: Peers, process: int) -> None:
        self.peers, self.process, self.processes = peers, process, peers.processes

    def any(self, flag: bool) -> bool:
        """Whether one of them says so."""
        self.peers.flags[self.process] = flag
        self.peers.barrier.wait()
        found = any(self.peers.flags)
        self.peers.barrier.wait()
        return found

    def tensors(self, arrays: dict[str, Any]) -> dict[str, torch.Tensor]:
        """As they are."""
        return {name: torch.from_numpy(value) for name, value in arrays.items()}


class Counting(torch.nn.Module):
    """An objective that says how often it was passed through, with an exchange in each pass as a wrapped module has."""

    def __init__(self, peer: Peer) -> None:
        super().__init__()
        self.peer, self.seen = peer, []

    def forward(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """What it is given."""
        self.peer.peers.barrier.wait()  # hangs, and fails, where the others make no pass
        self.seen.append(float(inputs["x"][0]))
        return inputs["x"]


@pytest.mark.parametrize("shares", [[3, 3], [1, 4], [0, 2], [2, 0, 1]])
def test_uneven_shares_end_together(shares: list[int]) -> None:
    peers = Peers(len(shares))
    objectives = [Counting(peers.of(process)) for process in range(len(shares))]

    def validate(process: int) -> None:
        spare = {"x": np.full(1, -1.0)}
        with PlacedRun(objectives[process], objectives[process].peer, lambda: spare) as run:  # type: ignore[arg-type]
            for number in range(shares[process]):
                assert run(x=np.full(1, float(number))) == [number]

    threads = [threading.Thread(target=validate, args=(p,), daemon=True) for p in range(len(shares))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert not any(thread.is_alive() for thread in threads)
    for share, objective in zip(shares, objectives, strict=True):
        assert objective.seen == [float(n) for n in range(share)] + [-1.0] * (max(shares) - share)


def test_one_process_answers_as_the_network_and_loses_as_the_loss(tmp_path: Path) -> None:
    """In eval mode, without gradients; of targets that show a truth by a batch as training reads it."""
    made = sequences(tmp_path, "Reply")
    made.network.float()
    objective, accelerator = SupervisedModule(made.network, made.loss), Accelerator("cpu", "float32")
    batch = made.loader.batch(np.arange(4))
    with PlacedRun(objective, accelerator, dict) as run:
        inputs, _ = made.loader.collate(made.loader.encoded(np.arange(4)))
        logits = run(**inputs)
        sums, weights = run.losses(batch)
    assert not made.network.training
    for together, alone in zip((sums, weights), losses_alone(made.network, made.loss)(batch), strict=True):
        np.testing.assert_array_equal(alone, together)
    assert logits.dtype == np.float32
    assert weights.tolist() == batch.by_row(batch.weights).tolist()
    total, _ = objective(accelerator.tensors(batch.inputs), accelerator.truth(batch))
    assert sums.sum() == pytest.approx(float(total.detach()), rel=1e-5)


def test_placing_makes_the_optimizer_afterwards() -> None:
    """And whole tensors are copies; a norm is that of all gradients together."""
    accelerator, order = Accelerator("cpu", "float32"), []
    module = torch.nn.Linear(2, 1)

    def made() -> torch.optim.SGD:
        order.append("optimizer")
        return torch.optim.SGD(module.parameters(), lr=0.1)

    placed, optimizer = accelerator.place(module, made)
    assert order == ["optimizer"]
    assert optimizer.param_groups[0]["params"][0] is next(placed.parameters())
    state = accelerator.gathered_state(module.state_dict())
    module.weight.data.zero_()
    assert state["weight"].abs().sum() > 0
    assert float(accelerator.norm([torch.tensor([3.0]), torch.tensor([4.0])])) == 5.0
