"""What every model library must do, over every architecture it is tried with."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from burnish.core.component import build, component_class, kinds
from burnish.core.errors import InputError
from burnish.models._first_token import read_first_token_only
from burnish.models.transformers import Transformers
from burnish.targets import Target
from burnish.targets.labels import Labels
from burnish.targets.score import Score
from tests.checkpoints import ARCHITECTURES, DECODERS
from tests.network_cases import INPUT, LABEL, TAGS, WORDS, batch, checkpoint, network

AXIS = "burnish.models"
CASES = {"transformers": ARCHITECTURES}
FOR_IMAGES = ("timm", "torchvision")  # tests/contracts/test_models_for_images.py
LAYERS = {"albert": 1}  # its blocks share their parameters
LIKE_OTHERS = ("electra", "qwen2", "qwen3")
"""Blocks like BERT's, and twice like Llama's: tried by the slow suite."""
PAIRS = [
    pytest.param(kind, architecture, marks=[pytest.mark.slow] if architecture in LIKE_OTHERS else [])
    for kind, names in CASES.items()
    for architecture in names
]
over_architectures = pytest.mark.parametrize(("kind", "architecture"), PAIRS)


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_documents_itself_and_has_cases(kind: str) -> None:
    assert kind in (*CASES, *FOR_IMAGES)
    cls = component_class(AXIS, kind)
    assert cls.sentence()
    assert all(f.description for f in cls.model_fields.values())
    assert build(AXIS, "some/name", default_kind=kind).name == "some/name"  # type: ignore[attr-defined]


@over_architectures
@pytest.mark.parametrize("target", [LABEL, TAGS], ids=["row", "element"])
def test_logits_and_features_have_their_shapes(kind: str, architecture: str, target: Target) -> None:
    built = network(architecture, target)
    inputs = batch(built)
    length = inputs["input_ids"].shape[1]
    row = target.shape == "row"
    logits, features = built(**inputs), built.features(**inputs)
    assert logits.shape == ((3, 3) if row else (3, length, 3))
    assert features.shape == ((3, 32) if row else (3, length, 32))
    assert bool(logits.isfinite().all())


@over_architectures
def test_rows_do_not_see_padding_or_each_other(kind: str, architecture: str) -> None:
    """Padded more, padded less, alone or in a batch: the same logits and features (last-token pooling included)."""
    built = network(architecture)
    inputs = batch(built)
    logits, features = built(**inputs), built.features(**inputs)
    more = batch(built, padding=4)
    torch.testing.assert_close(built(**more), logits, rtol=1e-8, atol=1e-9)
    torch.testing.assert_close(built.features(**more), features, rtol=1e-8, atol=1e-9)
    for row, length in enumerate((9, 5, 1)):
        alone = {name: value[row : row + 1, :length] for name, value in inputs.items()}
        torch.testing.assert_close(built(**alone), logits[row : row + 1], rtol=1e-8, atol=1e-9)


@over_architectures
def test_every_parameter_has_a_depth(kind: str, architecture: str) -> None:
    built = network(architecture)
    layers = LAYERS.get(architecture, 2)
    assert built.layers == layers
    depths = {name: built.depth(name) for name, _ in built.named_parameters()}
    assert set(depths.values()) == set(range(layers + 2))
    for name, depth in depths.items():
        if "embed" in name or ".wte." in name or ".wpe." in name:
            assert depth == 0, name
        if any(end in name for end in ("ln_f", "final_norm", "model.norm.")) and architecture != "albert":
            assert depth == layers, name
        if "encoder.LayerNorm" in name:
            assert depth == 0, "DeBERTa's norm of relative positions"
        if "classifier" in name or "score" in name or ".pooler." in name:
            assert depth == layers + 1, name
        for number in range(2):
            if architecture != "albert" and (f"layer.{number}." in name or f".h.{number}." in name):
                assert depth == number + 1, name
    with pytest.raises(KeyError):
        built.depth("model.nothing.weight")


@over_architectures
def test_fresh_parts_come_from_the_seed_and_the_rest_from_the_file(kind: str, architecture: str) -> None:
    before = torch.get_rng_state()
    first, same, other = (dict(network(architecture, seed=seed).named_parameters()) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before), "the global random state was moved"
    built = network(architecture)
    with safe_open(checkpoint(architecture) / "model.safetensors", framework="pt") as opened:
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    moved = 0
    for name, value in first.items():
        assert torch.equal(value, same[name]), name
        assert (built.depth(name) == built.layers + 1) or torch.equal(value, other[name]), name
        moved += not torch.equal(value, other[name])
        if built.depth(name) <= built.layers:
            inner = name.removeprefix("model.")
            stored = next(v for k, v in tensors.items() if inner == k or inner.endswith(f".{k}"))
            assert torch.equal(value, stored.double()), name
    assert moved >= 1


@over_architectures
@pytest.mark.parametrize("target", [LABEL, TAGS], ids=["row", "element"])
def test_saved_and_loaded_is_the_same(kind: str, architecture: str, target: Target, tmp_path: Path) -> None:
    """Through burnish bit for bit; through the plain library to rounding, labels included.

    Ours computes the last block for the first token alone, and some CPUs multiply so few rows by another kernel.
    """
    import transformers

    built = network(architecture, target).float()
    inputs = batch(built)
    built.save(tmp_path)
    row = target.shape == "row"
    loaded = Transformers().load(tmp_path, INPUT if row else WORDS, target).eval()
    for (name, left), (again, right) in zip(built.named_parameters(), loaded.named_parameters(), strict=True):
        assert name == again
        assert torch.equal(left, right), name
    assert torch.equal(loaded(**inputs), built(**inputs))
    cls: Any = transformers.AutoModelForSequenceClassification if row else transformers.AutoModelForTokenClassification
    plain = cls.from_pretrained(tmp_path).eval()
    kept = {name: value for name, value in inputs.items() if name in inspect.signature(plain.forward).parameters}
    torch.testing.assert_close(plain(**kept).logits, built(**inputs), rtol=1e-5, atol=1e-6)
    assert tuple(plain.config.id2label.values()) == target.names


@over_architectures
@pytest.mark.parametrize("target", [LABEL, TAGS], ids=["row", "element"])
def test_dropout_is_overridden_wherever_it_is(kind: str, architecture: str, target: Target) -> None:
    still = network(architecture, target, dropout=0.0).train()
    inputs = batch(still)
    assert torch.equal(still(**inputs), still(**inputs))
    shaken = network(architecture, target, dropout=0.5).train()
    assert not torch.equal(shaken(**inputs), shaken(**inputs))
    rates = {m.p for m in shaken.modules() if isinstance(m, torch.nn.Dropout)}
    assert rates <= {0.5}
    torch.testing.assert_close(shaken.eval()(**inputs), still(**inputs))


@over_architectures
def test_gradient_checkpointing_changes_no_gradient(kind: str, architecture: str) -> None:
    if architecture == "albert":  # the library cannot do it there, and so we say
        with pytest.raises(InputError, match="cannot checkpoint gradients"):
            network(architecture, gradient_checkpointing=True)
        return
    gradients = []
    for on in (False, True):
        built = network(architecture, gradient_checkpointing=on).train()
        built(**batch(built)).square().sum().backward()
        gradients.append({name: p.grad for name, p in built.named_parameters()})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, rtol=1e-8, atol=1e-9, msg=name)


@over_architectures
@pytest.mark.parametrize("settings", [{}, {"gradient_checkpointing": True}], ids=["plain", "checkpointed"])
def test_leaving_out_what_no_head_reads_changes_nothing(kind: str, architecture: str, settings: dict[str, Any]) -> None:
    if architecture == "albert":
        settings = {}
    built: Any = network(architecture, **settings)
    assert (built._first_token is not None) == (architecture in ("bert", "roberta", "electra", "deberta_v2"))
    if built._first_token is None:
        return
    found = []
    for active in (True, False):
        built._first_token.active = active
        built.zero_grad()
        logits = built.train()(**batch(built))
        logits.square().sum().backward()
        found.append((logits, built.eval().features(**batch(built)), [p.grad for p in built.parameters()]))
    built._first_token.active = True
    for one, every in zip(*found, strict=True):
        torch.testing.assert_close(one, every, rtol=1e-8, atol=1e-9)


def test_a_head_that_reads_every_token_gets_every_token() -> None:
    tags: Any = network("bert", TAGS)
    assert tags._first_token is None
    assert tags(**batch(tags)).shape[1] == batch(tags)["input_ids"].shape[1]
    built: Any = network("bert")
    built._first_token.active = False
    averaging = built.backbone()
    averaging.bert.pooler.forward = lambda states: states.mean(dim=1)
    assert read_first_token_only(averaging) is None
    output = averaging.bert.encoder.layer[-1].attention.output
    assert list(output._forward_pre_hooks.values()) == [built._first_token]


@pytest.mark.parametrize("architecture", DECODERS)
def test_decoders_pool_at_the_last_real_token(architecture: str) -> None:
    built = network(architecture)
    inputs = batch(built)
    changed = {name: value.clone() for name, value in inputs.items()}
    changed["input_ids"][1, 4] = 11 if int(inputs["input_ids"][1, 4]) != 11 else 12
    moved = (built(**changed) - built(**inputs)).abs().amax(dim=1) > 1e-6
    assert moved.tolist() == [False, True, False]


@pytest.mark.parametrize("target", [LABEL, Labels(labels=["x", "y"]), Score(mean=0.0, scale=1.0), TAGS])
def test_the_head_is_what_the_target_needs(target: Target) -> None:
    built = network("bert", target)
    config: Any = built.backbone().config
    assert config.num_labels == target.outputs == built(**batch(built)).shape[-1]
    assert config.problem_type == (target.problem or None)


def test_a_head_for_the_same_labels_goes_on_and_any_other_is_fresh(tmp_path: Path) -> None:
    built = network("roberta").float()
    built.save(tmp_path)
    head = built.get_parameter("model.classifier.out_proj.weight")
    cases = [
        (LABEL.labels, "goes on learning", True),
        (list(reversed(LABEL.labels)), "trained for other labels", False),
        (["a", "b", "c", "d"], "has 3 outputs, 4 are needed", False),
    ]
    for labels, note, kept in cases:
        target = LABEL.model_copy(update={"labels": labels})
        again = Transformers(name=str(tmp_path)).build(INPUT, target, seed=5)
        weight = again.get_parameter("model.classifier.out_proj.weight")
        assert (weight.shape == head.shape and torch.equal(weight, head)) is kept
        assert bool(weight.isfinite().all())
        assert 0 < float(weight.detach().std()) < 1
        assert any(note in said for said in again.notes)
        assert torch.equal(
            weight,
            Transformers(name=str(tmp_path))
            .build(INPUT, target, seed=5)
            .get_parameter("model.classifier.out_proj.weight"),
        )


def test_a_checkpoint_without_pooler_gets_one_that_learns_with_the_head() -> None:
    built = network("albert")
    assert any("pooler" in note for note in built.notes)
    assert built.depth("model.albert.pooler.weight") == built.layers + 1
    bert = network("bert")
    assert bert.depth("model.bert.pooler.dense.weight") == bert.layers + 1


def test_number_types_and_attention() -> None:
    name = str(checkpoint("bert"))
    for dtype in ("bfloat16", "float16"):
        built = Transformers(name=name, dtype=dtype).build(INPUT, LABEL, seed=0)
        assert {p.dtype for p in built.parameters()} == {getattr(torch, dtype)}
    eager, sdpa = (network("bert", attention=attention) for attention in ("eager", "sdpa"))
    assert eager.backbone().config._attn_implementation == "eager"
    torch.testing.assert_close(eager(**batch(eager)), sdpa(**batch(sdpa)), rtol=1e-8, atol=1e-9)


def test_names_that_peft_wraps_keep_their_depth() -> None:
    built = network("llama")
    for name in ("layers.1.self_attn.q_proj.lora_A.default.weight", "layers.1.self_attn.q_proj.base_layer.weight"):
        assert built.depth(f"model.base_model.model.model.{name}") == 2
        assert built.depth(f"model.model.{name}") == 2
    assert built.depth("model.base_model.model.score.modules_to_save.default.weight") == 3
    assert built.depth("model.base_model.model.score.original_module.weight") == 3
