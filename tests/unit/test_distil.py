"""A teacher beside the labels: the loss is torch's own, normalised as every other, and a share of 0 is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from burnish.core.errors import InputError
from burnish.recipe.recipe import Recipe
from burnish.recipe.text import load_file
from burnish.stages.prepare.prepare import prepare
from burnish.stages.train.assemble import Assembled, assemble
from burnish.training.accelerator import Accelerator
from burnish.training.loop import fit
from burnish.training.shrinking._teaching import divergence
from tests.checkpoints import chat_checkpoint, tiny_checkpoint
from tests.integration import survival_data

KINDS = ("label", "labels", "score", "tags", "chat", "whisper")
SLOW = [pytest.param(k, marks=[] if k in ("label", "tags") else [pytest.mark.slow]) for k in KINDS]


def assembled(folder: Path, kind: str = "label", **settings: Any) -> Assembled:
    """A tiny training, ready for its first step."""
    values = load_file(survival_data.recipe(folder, kind, **{"dropout": 0.0, **settings}))
    accelerator = Accelerator("cpu", "float32")
    recipe = Recipe.load({**values, "data": {**values["data"], "cache": str(folder / "cache")}})
    return assemble(prepare(recipe, lambda event: None, accelerator), accelerator, lambda text: None)


def teacher_of(kind: str, folder: Path) -> str:
    """A checkpoint that has the head of such rows, and other weights than the student: what a run would have written."""
    made = assembled(folder / "teacher", kind, seed=7, adapter="full")
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in made.training.network.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    place = folder / f"teacher-{kind}"
    made.training.network.save(place)
    for path in (folder / "teacher").glob("checkpoint-*/*"):
        if path.suffix != ".safetensors" and path.name != "config.json":
            (place / path.name).write_bytes(path.read_bytes())
    return str(place)


def after(made: Assembled, steps: int = 3) -> tuple[list[Any], dict[str, torch.Tensor]]:
    """Losses, and the weights then."""
    seen = []
    for step in fit(made.training):
        seen.append((step.loss, step.gradient_norm))
        if step.number == steps:
            break
    return seen, {n: v.detach().clone() for n, v in made.training.network.state_dict().items()}


def test_the_divergence_is_that_of_torch() -> None:
    torch.manual_seed(0)
    own, other = torch.randn(5, 7, dtype=torch.float64), torch.randn(5, 7, dtype=torch.float64)
    for t in (1.0, 2.5):
        found = divergence(own, other, t, each=False)
        known = F.kl_div((own / t).log_softmax(-1), (other / t).softmax(-1), reduction="sum") * t**2
        torch.testing.assert_close(found.sum(), known)
        yes = F.kl_div(F.logsigmoid(own / t), (other / t).sigmoid(), reduction="sum")
        no = F.kl_div(F.logsigmoid(-own / t), (-other / t).sigmoid(), reduction="sum")
        torch.testing.assert_close(divergence(own, other, t, each=True).sum(), (yes + no) * t**2)
    single = divergence(own[:, :1], other[:, :1], 3.0, each=False)
    torch.testing.assert_close(single, (own[:, 0] - other[:, 0]).square() / 2)


@pytest.mark.parametrize("kind", SLOW)
def test_a_share_of_0_is_plain_training_bit_for_bit(kind: str, tmp_path: Path) -> None:
    plain = after(assembled(tmp_path, kind))
    off = after(assembled(tmp_path, kind, distil={"teacher": "nowhere", "alpha": 0}))
    assert plain[0] == off[0]
    assert all(torch.equal(value, off[1][name]) for name, value in plain[1].items())


@pytest.mark.parametrize("kind", SLOW)
def test_the_loss_of_a_step_is_that_of_torch_over_what_has_weight(kind: str, tmp_path: Path) -> None:
    """Kept answers and those of a teacher that reads each batch; micro-batches of two rows are one batch."""
    teacher = teacher_of(kind, tmp_path)
    share, heat = 0.7, 2.0
    made = assembled(tmp_path, kind, distil={"teacher": teacher, "alpha": share, "temperature": heat})
    batch = made.training.batches.micro(0, 100)[0]
    network, accelerator = made.training.network.eval(), made.training.accelerator
    inputs = accelerator.tensors({n: v for n, v in batch.inputs.items() if not n.startswith("teacher_")})
    built = assembled(tmp_path, kind, model={"name": teacher}, seed=7).training.network.eval()
    assert not built.fresh_head
    truth = accelerator.truth(batch)
    with torch.no_grad():
        own, other = network(**inputs), built(**inputs)
        usual = made.loss.terms(type("O", (), {"logits": own, "lengths": None})(), truth).summed()  # type: ignore[arg-type]
    weights = truth.weights
    if kind == "labels":
        pairs = [(F.logsigmoid(s * own / heat), (s * other / heat).sigmoid()) for s in (1, -1)]
        far = sum(F.kl_div(a, b, reduction="none") for a, b in pairs) * heat**2
    elif kind == "score":
        far = (own - other).square().squeeze(-1) / 2
    else:
        far = F.kl_div((own / heat).log_softmax(-1), (other / heat).softmax(-1), reduction="none").sum(-1) * heat**2
    expected = (1 - share) * usual.total + share * (far * weights).sum()
    losses = [after(made, 1)[0][0][0]]
    again = assembled(tmp_path, kind, distil={"teacher": teacher, "alpha": share, "temperature": heat})
    again.training.micro_batch_size = 2
    losses.append(after(again, 1)[0][0][0])
    for loss in losses:
        assert loss.total == pytest.approx(float(expected), rel=2e-5)
        assert loss.weight == pytest.approx(float(weights.sum()))


def test_rows_without_a_label_are_taught_by_the_teacher_alone(tmp_path: Path) -> None:
    """They carry the weight of one row each, and their labels nothing."""
    teacher = teacher_of("label", tmp_path)
    rows = survival_data.rows("label", 90)
    blank = [{**row, "truth": None} if i % 3 == 0 else row for i, row in enumerate(rows)]
    files = {
        name: str(survival_data.write_rows(tmp_path / f"{name}.jsonl", part))
        for name, part in (("train", blank[:60]), ("validation", rows[60:75]), ("test", rows[75:]))
    }
    settings = {"data": files, "distil": {"teacher": teacher, "alpha": 1.0}}
    made = assembled(tmp_path, "label", **settings)
    assert len(made.batches.order.usable) == 60
    assert "20 training examples without a label" in " ".join(made.notes)
    batch = made.training.batches.micro(0, 100)[0]
    assert batch.inputs["teacher_alone"].sum() == (batch.weights == 0).sum() > 0
    loss = after(made, 1)[0][0][0]
    assert loss.weight == len(batch)
    plain = assembled(tmp_path, "label", data=files)
    assert len(plain.batches.order.usable) == 40


@pytest.mark.parametrize("layers", ["hidden", "attention"])
def test_states_and_attention_are_learned_too_and_a_copy_has_nothing_to_learn(layers: str, tmp_path: Path) -> None:
    teacher = teacher_of("label", tmp_path)
    settings = {"distil": {"teacher": teacher, "alpha": 1.0, "layers": layers, "layers_weight": 10.0}}
    other = assembled(tmp_path, "label", **settings)
    without = assembled(tmp_path, "label", distil={"teacher": teacher, "alpha": 1.0})
    assert after(other, 1)[0][0][0].total > after(without, 1)[0][0][0].total
    copy = assembled(tmp_path, "label", model={"name": teacher}, **settings)
    assert after(copy, 1)[0][0][0].total == pytest.approx(0, abs=1e-6)


def test_a_teacher_of_other_tokens_is_refused_and_one_with_them_in_another_order_is_not(tmp_path: Path) -> None:
    texts = [" ".join(survival_data.WORDS)]
    chat_checkpoint(tmp_path / "other", texts=["one two three"], layers=1)
    chat_checkpoint(tmp_path / "same", texts=texts, layers=1, seed=5)
    with pytest.raises(InputError, match="tokens are in one vocabulary alone"):
        assembled(tmp_path, "chat", distil={"teacher": str(tmp_path / "other")})
    assert assembled(tmp_path, "chat", distil={"teacher": str(tmp_path / "same")}).notes


def test_a_teacher_without_a_trained_head_is_refused(tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path / "bare", texts=[" ".join(survival_data.WORDS)], layers=1)
    with pytest.raises(InputError, match="drawn at random"):
        assembled(tmp_path, "label", distil={"teacher": str(tmp_path / "bare")})
    with pytest.raises(InputError, match="no teacher is named"):
        assembled(tmp_path, "label", distil={})
