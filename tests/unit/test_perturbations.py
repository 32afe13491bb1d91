"""Perturbations against formulas written another way."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from burnish.core.errors import InputError
from burnish.training.objective import SupervisedModule
from burnish.training.perturbations._adversarial import Adversarial
from burnish.training.perturbations._sharpness import Ascent
from burnish.training.perturbations._two_passes import TwoPasses, divergence, divergence_of_each, is_random
from burnish.training.perturbations.r_drop import RDrop
from tests.sequence_cases import tensors
from tests.technique_cases import AXES, made, ready, steps
from tests.training_cases import Fixed, training, weights_of

AXIS = AXES["perturbation"]
RATE = 0.05
STILL: dict[str, Any] = {
    "double": True,
    "learning_rate": RATE,
    "optimizer": {"kind": "sgd", "weight_decay": 0.0, "momentum": 0.0},
    "order": [[0, 1, 2, 3]],
}


def batch(run: Any) -> Any:
    return tensors(cast(Fixed, run.batches).batch(run.batches.order[0]))


def gradients(run: Any) -> dict[str, torch.Tensor]:
    """Of the mean loss of the first step, by plain torch."""
    inputs, truth = batch(run)
    loss = F.cross_entropy(run.network(**inputs), truth.targets)
    named = {n: p for n, p in run.network.named_parameters() if p.requires_grad}
    found = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
    return {n: torch.zeros_like(p) if g is None else g for (n, p), g in zip(named.items(), found, strict=True)}


def test_sam_is_the_gradient_at_the_top_of_the_ball(tmp_path: Path) -> None:
    """w - rate x gradient(w + radius x g / |g|), of three micro-batches together."""
    run, _ = ready(tmp_path, [made(AXIS, "sam", radius=0.3)], **STILL, micro_batch_size=2)
    other = training(tmp_path, **STILL)
    start, first = weights_of(other), gradients(other)
    norm = torch.sqrt(sum((g**2).sum() for g in first.values()))  # type: ignore[arg-type]
    with torch.no_grad():
        for name, parameter in other.network.named_parameters():
            parameter.add_(0.3 * first[name] / norm)
    second = gradients(other)
    steps(run, None)
    for name, value in weights_of(run).items():
        torch.testing.assert_close(value, start[name] - RATE * second[name], rtol=0, atol=1e-10)


class Norms(nn.Module):
    """A network with a batch norm."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.layers(x)
        return out


def test_sam_gives_weights_and_batch_norms_back_bit_for_bit() -> None:
    network, x = Norms(), torch.randn(8, 4)
    optimizer = torch.optim.SGD(network.parameters(), 0.1)
    network(x).square().sum().backward()
    before = {n: v.clone() for n, v in network.state_dict().items()}
    with Ascent(network, optimizer, 0.5).disturbed() as there:
        assert there
        moved = torch.sqrt(sum(((v - before[n]) ** 2).sum() for n, v in network.named_parameters()))  # type: ignore[arg-type]
        assert float(moved.detach()) == pytest.approx(0.5, rel=1e-5)
        network(x)
        assert not torch.equal(network.state_dict()["layers.1.running_mean"], before["layers.1.running_mean"])
    assert all(torch.equal(v, before[n]) for n, v in network.state_dict().items())


def test_sam_gives_weights_back_when_the_second_pass_fails() -> None:
    network = Norms()
    optimizer = torch.optim.SGD(network.parameters(), 0.1)
    network(torch.randn(8, 4)).square().sum().backward()
    before = {n: v.clone() for n, v in network.state_dict().items()}
    with pytest.raises(RuntimeError, match="memory"), Ascent(network, optimizer, 0.5).disturbed():
        raise RuntimeError("out of memory")
    assert all(torch.equal(v, before[n]) for n, v in network.state_dict().items())


def test_sam_leaves_a_gradient_that_is_not_finite_to_the_loop() -> None:
    network = Norms()
    optimizer = torch.optim.SGD(network.parameters(), 0.1)
    network(torch.randn(8, 4)).square().sum().backward()
    next(network.parameters()).grad.fill_(float("inf"))  # type: ignore[union-attr]
    with Ascent(network, optimizer, 0.5).disturbed() as there:
        assert not there


def test_sam_does_not_care_for_a_scale_of_the_gradient() -> None:
    """That of float16: a power of two, which cancels out exactly."""
    ends = []
    for scale in (1.0, 65536.0):
        network = Norms().double()
        x = torch.linspace(-1, 1, 32, dtype=torch.float64).view(8, 4)
        (network(x).square().sum() * scale).backward()
        with Ascent(network, torch.optim.SGD(network.parameters(), 0.1), 0.5).disturbed():
            ends.append([p.detach().clone() for p in network.parameters()])
    for one, other in zip(*ends, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def kl(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return F.kl_div(other.log_softmax(-1), one.log_softmax(-1), reduction="none", log_target=True).sum(-1)


def test_the_divergence_is_torchs_both_ways() -> None:
    torch.manual_seed(0)
    one, other = torch.randn(2, 5, 3, dtype=torch.float64)
    torch.testing.assert_close(divergence(one, other), (kl(one, other) + kl(other, one)) / 2)
    yes = torch.stack([one, torch.zeros_like(one)], -1), torch.stack([other, torch.zeros_like(other)], -1)
    torch.testing.assert_close(divergence_of_each(one, other), (kl(*yes) + kl(*yes[::-1])) / 2)
    torch.testing.assert_close(divergence(one[:, :1], other[:, :1]), (one - other)[:, 0] ** 2 / 2)


@pytest.mark.parametrize("kind", ["label", "labels", "score", "tags"])
def test_r_drop_is_the_mean_loss_of_two_passes_plus_their_divergence(kind: str, tmp_path: Path) -> None:
    """With dropout from a known state; every target; the two passes are the two halves of one batch."""
    run = training(tmp_path, kind, double=True, dropout=0.3)
    inputs, truth = tensors(cast(Fixed, run.batches).batch([0, 1, 2, 3]))
    inner = cast(SupervisedModule, run.objective).train()
    twice = {name: torch.cat([value, value]) for name, value in inputs.items()}
    torch.manual_seed(5)
    first, second = inner.network(**twice).chunk(2)
    losses = [inner.loss.terms(type(_outputs(v))(v), truth).summed().total for v in (first, second)]
    each = {"labels": divergence_of_each}.get(kind, divergence)(first, second)
    expected = (losses[0] + losses[1]) / 2 + 0.7 * (each * truth.weights).sum()
    torch.manual_seed(5)
    total, weight = TwoPasses(inner, 0.7)(inputs, truth)
    torch.testing.assert_close(total, expected, rtol=0, atol=1e-10)
    assert float(weight) == inner.weight(cast(Fixed, run.batches).batch([0, 1, 2, 3]).truth)
    assert not torch.equal(first, second)


def _outputs(logits: torch.Tensor) -> Any:
    from burnish.core.terms import Outputs

    return Outputs(logits)


def test_two_passes_without_alpha_are_plain_training_of_a_doubled_batch(tmp_path: Path) -> None:
    run = training(tmp_path, "label", double=True, dropout=0.3)
    inputs, truth = batch(run)
    inner = cast(SupervisedModule, run.objective).train()
    torch.manual_seed(1)
    total, weight = TwoPasses(inner, 0.0)(inputs, truth)
    rows = [*run.batches.order[0], *run.batches.order[0]]  # type: ignore[attr-defined]
    doubled = tensors(cast(Fixed, run.batches).batch(rows))
    torch.manual_seed(1)
    plain, of_both = inner(*doubled)
    torch.testing.assert_close(total / weight, plain / of_both, rtol=0, atol=1e-12)


def test_r_drop_of_mixed_rows_weighs_the_line_by_all_its_truths() -> None:
    from burnish.core.batch import Truth
    from burnish.training.perturbations._two_passes import weights_like

    truth = Truth(
        torch.tensor([0, 1, 1, 0]),
        torch.tensor([0.7, 0.3, 0.25, 0.75]),
        torch.tensor([0, 0, 1, 1]),
        torch.tensor([0, 1]),
    )
    torch.testing.assert_close(weights_like(torch.zeros(2), truth), torch.ones(2))


def test_r_drop_wants_dropout(tmp_path: Path) -> None:
    run = training(tmp_path, "label")
    inputs, _ = batch(run)
    assert not is_random(run.network, inputs)
    with pytest.raises(InputError, match="no dropout"):
        RDrop().around(SupervisedModule(run.network, run.objective.loss), lambda: inputs)
    other = training(tmp_path, "label", dropout=0.1)
    other.network.eval()
    assert is_random(other.network, inputs)
    assert not other.network.training


def test_fgm_moves_each_row_along_its_own_gradient(tmp_path: Path) -> None:
    """By `inputs_embeds` instead of a hook; padding does not move."""
    run = training(tmp_path, "label", double=True)
    run.network.eval()
    inputs, truth = tensors(cast(Fixed, run.batches).batch([0, 3]))
    model: Any = run.network.backbone()
    embedded = model.get_input_embeddings()(inputs["input_ids"]).detach().requires_grad_()
    mask = inputs["attention_mask"]
    clean = F.cross_entropy(model(inputs_embeds=embedded, attention_mask=mask).logits, truth.targets, reduction="sum")
    (gradient,) = torch.autograd.grad(clean, embedded)
    assert not gradient[mask == 0].any()
    moves = []
    for i in range(2):
        length = embedded[i][mask[i] == 1].norm()
        moves.append(0.4 * length * gradient[i] / gradient[i].norm())
    moved = F.cross_entropy(
        model(inputs_embeds=embedded + torch.stack(moves), attention_mask=mask).logits, truth.targets, reduction="sum"
    )
    adversarial = Adversarial(SupervisedModule(run.network, run.objective.loss), model.get_input_embeddings(), 0.4)
    total, _ = adversarial(inputs, truth)
    torch.testing.assert_close(total, ((clean + moved) / 2).detach(), rtol=0, atol=1e-10, check_dtype=False)
    assert moved > clean


def test_fgm_works_where_the_embeddings_are_frozen(tmp_path: Path) -> None:
    frozen = {"adapter": {"kind": "full", "freeze": ["embeddings.*"]}}
    ends = []
    for techniques in ([], [made(AXIS, "fgm", epsilon=0.5)]):
        run, _ = ready(tmp_path, techniques, **STILL, **frozen)
        steps(run, None)
        ends.append(weights_of(run))
    assert any(not torch.equal(v, ends[1][n]) for n, v in ends[0].items())
    assert torch.equal(*(e["model.bert.embeddings.word_embeddings.weight"] for e in ends))


def test_noise_on_the_embeddings_of_an_encoder_is_bounded(tmp_path: Path) -> None:
    """By alpha / sqrt(tokens x width) of the row's own tokens, and gone outside training."""
    run, _ = ready(tmp_path, [made(AXIS, "neftune", alpha=5.0)], **STILL)
    embeddings: Any = cast(Any, run.network.backbone()).get_input_embeddings()
    seen: list[torch.Tensor] = []
    embeddings.register_forward_hook(lambda module, given, out: seen.append(out.detach()))
    inputs, _ = batch(run)
    run.network.eval()
    run.network(**inputs)
    run.network.train()
    run.network(**inputs)
    still, noisy = seen
    bound = 5.0 / (inputs["attention_mask"].sum(1) * still.shape[-1]).double().sqrt()
    farthest = (noisy - still).abs().flatten(1).max(1).values
    assert bool((farthest <= bound + 1e-12).all())
    assert bool((farthest > 0.9 * bound).all())
