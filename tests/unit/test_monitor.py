"""What is seen of layers, against the same computed plainly; and that seeing changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from burnish.training.loop import fit
from burnish.training.monitoring import monitor as monitors
from burnish.training.monitoring.activations import blocks, sampled
from burnish.training.monitoring.monitor import Monitor
from tests.technique_cases import assert_same, state
from tests.training_cases import training, weights_of


def figures_of(folder: Path, **options: Any) -> tuple[Any, list[Any]]:
    run = training(folder, **options)
    monitor = Monitor(run.network, run.optimizer, 1)
    run.parts = [monitor]
    seen = []
    for _ in fit(run):
        seen.append(monitor.taken())
    return run, seen


def test_looking_changes_nothing(tmp_path: Path) -> None:
    plain = training(tmp_path, dropout=0.1)
    losses = [s.loss for s in fit(plain)]
    generator = torch.get_rng_state()
    looked, seen = figures_of(tmp_path, dropout=0.1)
    assert torch.equal(torch.get_rng_state(), generator)
    assert_same(state(plain, None), state(looked, None))
    assert len(seen) == len(losses)
    assert not any(
        m._forward_hooks or m._forward_pre_hooks for m in looked.network.model.bert.encoder.layer[0].modules()
    )


def test_updates_are_those_of_the_weight_matrices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all numbers where a weight has no more than are sampled; vectors left out."""
    monkeypatch.setattr(monitors, "SAMPLE", 10**9)
    run = training(tmp_path)
    monitor = Monitor(run.network, run.optimizer, 1)
    run.parts = [monitor]
    before = weights_of(run)
    next(iter(fit(run)))
    found = monitor.taken()
    assert found is not None
    for depth, layer in ((0, "embeddings"), (1, "layer 1"), (run.network.layers + 1, "head")):
        names = [n for g in run.optimizer.param_groups if g["burnish_decays"] for n in g["burnish_names"]]
        own = [n for n in names if run.network.depth(n) == depth]
        now = dict(run.network.named_parameters())
        change = torch.cat([(now[n].detach() - before[n]).flatten() for n in own]).norm()
        size = torch.cat([before[n].flatten() for n in own]).norm()
        assert found[layer]["update"] == pytest.approx(float(change / size), rel=1e-4)
        assert found[layer]["still"] == 0


def test_what_layers_give_is_what_a_pass_gives(tmp_path: Path) -> None:
    run = training(tmp_path, micro_batch_size=2)
    monitor = Monitor(run.network, run.optimizer, 1)
    run.parts = [monitor]
    modules, outputs = dict(blocks(run.network)), []
    hook = modules[1].register_forward_hook(
        lambda module, inputs, output: outputs.append(
            (output[0] if isinstance(output, tuple) else output).detach().flatten()
        )
    )
    next(iter(fit(run)))
    hook.remove()
    found = monitor.taken()
    assert found is not None
    values = torch.cat(outputs)
    assert found["layer 1"]["mean"] == pytest.approx(float(values.mean()), abs=1e-6)
    assert found["layer 1"]["deviation"] == pytest.approx(float(values.std(unbiased=False)), rel=1e-4)
    assert found["layer 1"]["largest"] == pytest.approx(float(values.abs().max()), rel=1e-6)


def test_dead_units_are_counted(tmp_path: Path) -> None:
    """A head of ours with units whose bias holds them below zero."""
    from tests import vision_cases

    network = vision_cases.network("timm_resnet", head={"layers": 2, "width": 8, "activation": "relu"}).float()
    stack = network.get_submodule("model.fc")
    with torch.no_grad():
        stack[0].bias[:3] = -1e6  # type: ignore[index, operator, union-attr]
    from burnish.training.monitoring.activations import Activations

    activations = Activations(network)
    activations.watch()
    network(pixel_values=torch.rand(8, 3, 32, 32))
    activations.stop()
    units, dead, seen = activations.units()[network.layers + 1]
    assert (units, seen) == (8, 8)
    assert int(dead) >= 3
    assert activations.units()[1][0] > 0, "ReLUs of the body are seen as well"


def test_a_sample_is_even_and_of_pictures_no_copy() -> None:
    assert torch.equal(sampled(torch.arange(10.0), 100), torch.arange(10.0))
    assert sampled(torch.arange(1000.0), 100).tolist()[:3] == [0.0, 11.0, 22.0]
    weight = torch.randn(8, 4, 3, 3).to(memory_format=torch.channels_last)
    assert sampled(weight, 10**6).data_ptr() == weight.data_ptr()
    assert sampled(weight, 10**6).numel() == weight.numel()


def test_a_layer_that_nothing_reaches_is_still(tmp_path: Path) -> None:
    run = training(tmp_path, optimizer={"kind": "adamw", "weight_decay": 0.0})
    layer: Any = run.network.get_submodule("model.bert.encoder.layer.0")

    def cut(module: nn.Module, inputs: Any, output: Any) -> Any:
        return tuple(o.detach() for o in output) if isinstance(output, tuple) else output.detach()

    layer.register_forward_hook(cut)
    run.parts = [monitor := Monitor(run.network, run.optimizer, 2)]
    seen = [monitor.taken() for _ in fit(run)]
    assert [figures is not None for figures in seen] == [True, False, True, False]
    assert seen[0] is not None
    assert seen[0]["layer 1"]["still"] == 1
    assert seen[0]["layer 2"]["still"] == 0
