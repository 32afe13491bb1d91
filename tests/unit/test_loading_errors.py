"""Every way a checkpoint can be wrong is said in burnish's words, with the file or the tensors named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from burnish.core.errors import InputError
from burnish.core.network import Network
from burnish.models import _checkpoint
from burnish.models.transformers import Transformers
from burnish.targets.label import Label
from tests.network_cases import INPUT, LABEL, TAGS, batch, checkpoint, network


@pytest.fixture
def bert(tmp_path: Path) -> Path:
    """A checkpoint this test may spoil."""
    return Path(shutil.copytree(checkpoint("bert"), tmp_path / "bert"))


def built(folder: Path | str, target: Any = LABEL, **settings: Any) -> Network:
    return Transformers(name=str(folder), **settings).build(INPUT, target, seed=0)


def change(folder: Path, edit: Callable[[dict[str, torch.Tensor]], None]) -> None:
    tensors = load_file(folder / "model.safetensors")
    edit(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def configure(folder: Path, **values: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **values}))


def refused(folder: Path | str, match: str, **settings: Any) -> InputError:
    with pytest.raises(InputError, match=match) as error:
        built(folder, **settings)
    return error.value


def test_misspelt_path_offers_its_sibling(bert: Path) -> None:
    assert "bert'" in refused(bert.parent / "brt", "there is no folder").fix
    assert refused(bert / "config.json", "is a file")
    assert refused("./nothing/of/the/kind", "there is no folder")


def test_folder_without_configuration(bert: Path) -> None:
    (bert / "config.json").unlink()
    refused(bert, "no config.json")
    inner = bert / "outer" / "model"
    inner.mkdir(parents=True)
    (inner / "config.json").write_text("{}")
    assert str(inner) in refused(bert, "no config.json").fix
    (bert / "adapter_config.json").write_text("{}")
    assert "adapter" in refused(bert, "no config.json").fix


def test_revision_of_a_folder(bert: Path) -> None:
    assert "revision" in refused(bert, "revision 'main' is given", revision="main").place


def test_weights_missing_or_only_pickled(bert: Path) -> None:
    (bert / "model.safetensors").unlink()
    assert str(bert) in refused(bert, "there are no weights").place
    (bert / "pytorch_model.bin").write_bytes(b"\x80\x02.")
    assert "save_pretrained" in refused(bert, "only there as pytorch_model.bin").fix


@pytest.mark.parametrize("spoil", ["cut", "garbage", "empty", "pointer"])
def test_corrupt_weights_name_the_file(bert: Path, spoil: str) -> None:
    file = bert / "model.safetensors"
    content = file.read_bytes()
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"
    file.write_bytes({"cut": content[:-100], "garbage": b"\x01" * 500, "empty": b"", "pointer": pointer}[spoil])
    assert str(file) in refused(bert, "git-lfs pointer" if spoil == "pointer" else "corrupt").place


def test_missing_tensors_are_named(bert: Path) -> None:
    change(bert, lambda tensors: tensors.pop("encoder.layer.1.output.dense.weight"))
    refused(bert, r"missing in the weights: bert\.encoder\.layer\.1\.output\.dense\.weight")


def test_half_a_pooler_is_not_a_checkpoint_without_one(bert: Path) -> None:
    change(bert, lambda tensors: tensors.pop("pooler.dense.bias"))
    refused(bert, r"missing in the weights: bert\.pooler\.dense\.bias")
    change(bert, lambda tensors: tensors.pop("pooler.dense.weight"))
    assert any("no pooler" in note for note in built(bert).notes)


def test_misshapen_tensors_are_named_with_both_shapes(bert: Path) -> None:
    configure(bert, intermediate_size=48)
    message = str(refused(bert, "another shape"))
    assert "bert.encoder.layer.0.intermediate.dense.weight [64, 32] in the file, [48, 32] in the network" in message
    assert message.count("in the file") == 6  # two matrices and a bias, in two blocks


def test_weights_of_another_architecture(bert: Path) -> None:
    shutil.copy(checkpoint("gpt2") / "model.safetensors", bert / "model.safetensors")
    assert " more" in str(refused(bert, r"missing in the weights: bert\.embeddings"))


def test_more_blocks_than_the_configuration_knows(bert: Path) -> None:
    configure(bert, num_hidden_layers=1)
    refused(bert, r"blocks that config.json does not know: encoder\.layer\.1")
    configure(bert, num_hidden_layers=3)
    refused(bert, r"missing in the weights: bert\.encoder\.layer\.2")


def test_bad_configurations(bert: Path) -> None:
    (bert / "config.json").write_text("{not json")
    assert "config.json" in refused(bert, "cannot be used").place
    (bert / "config.json").write_text(json.dumps({"hidden_size": 3}))
    refused(bert, "cannot be used")
    (bert / "config.json").write_text(json.dumps({"model_type": "no-such-thing"}))
    refused(bert, "cannot be used")
    (bert / "config.json").write_text(json.dumps({"model_type": "mine", "auto_map": {"AutoConfig": "code.Mine"}}))
    (bert / "code.py").write_text("raise SystemExit('this must never run')")
    refused(bert, "needs code from the checkpoint|cannot be used")
    (bert / "config.json").write_text(json.dumps({"model_type": "vit"}))
    refused(bert, "'vit' has no head for this task")


def test_tokenizer_with_more_tokens_than_embeddings(bert: Path) -> None:
    change(bert, lambda t: t.update({"embeddings.word_embeddings.weight": t["embeddings.word_embeddings.weight"][:50]}))
    configure(bert, vocab_size=50)
    refused(bert, "the network only 50 embeddings")


def test_settings_an_architecture_does_not_have(bert: Path) -> None:
    refused(checkpoint("albert"), "cannot checkpoint gradients", gradient_checkpointing=True)
    refused(checkpoint("deberta_v2"), "cannot be opened", attention="flash_attention_2")


def test_architecture_without_dropout() -> None:
    from transformers import PreTrainedConfig

    from burnish.models.transformers.configuration import set_dropout

    with pytest.raises(InputError, match="has no dropout"):
        set_dropout(PreTrainedConfig(), 0.1)


def test_a_pair_of_input_and_target_without_head(bert: Path) -> None:
    with pytest.raises(InputError, match="no transformers head for input 'text'"):
        built(bert, TAGS)


def test_sharded_weights_open_and_a_missing_shard_is_named(bert: Path) -> None:
    tensors = load_file(bert / "model.safetensors")
    whole = built(bert).eval()
    (bert / "model.safetensors").unlink()
    names = sorted(tensors)
    parts = {"model-00001-of-00002.safetensors": names[:10], "model-00002-of-00002.safetensors": names[10:]}
    for file, own in parts.items():
        save_file({name: tensors[name] for name in own}, bert / file, metadata={"format": "pt"})
    index = {"metadata": {}, "weight_map": {name: file for file, own in parts.items() for name in own}}
    (bert / "model.safetensors.index.json").write_text(json.dumps(index))
    assert torch.equal(built(bert).eval()(**batch(whole)), whole(**batch(whole)))
    shard = bert / "model-00002-of-00002.safetensors"
    content = shard.read_bytes()
    shard.write_bytes(content[: len(content) // 2])
    assert str(shard) in refused(bert, "corrupt").place
    shard.unlink()
    refused(bert, "1 of 2 weight files are missing: model-00002-of-00002.safetensors")
    (bert / "model.safetensors.index.json").write_text("[]")
    refused(bert, "index of the weights cannot be read")


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (lambda t: t.pop("classifier.bias"), r"missing: classifier\.bias"),
        (lambda t: t.pop("bert.pooler.dense.bias"), r"missing: bert\.pooler\.dense\.bias"),
        (lambda t: t.update({"odd": torch.ones(1)}), "left over: odd"),
        (lambda t: t.update({"classifier.bias": torch.ones(4)}), r"classifier\.bias: \[4\] in the file, \[3\]"),
    ],
)
def test_a_trained_network_must_be_whole(edit: Callable[[Any], None], match: str, tmp_path: Path) -> None:
    network("bert").float().save(tmp_path)
    change(tmp_path, edit)
    with pytest.raises(InputError, match=match):
        Transformers().load(tmp_path, INPUT, LABEL)


def test_a_trained_network_must_have_the_labels_of_its_target(tmp_path: Path) -> None:
    network("bert").float().save(tmp_path)
    for labels in (["sad", "glad", "angry"], ["angry", "glad"]):
        with pytest.raises(InputError, match="the saved model answers angry, glad, sad"):
            Transformers().load(tmp_path, INPUT, Label(labels=labels))
    with pytest.raises(InputError, match=r"there is no config\.json"):
        Transformers().load(tmp_path / "elsewhere", INPUT, LABEL)


def test_offline_and_not_cached(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-bert").mkdir()
    error = refused("my-bertt", "not in the local cache, and HF_HUB_OFFLINE is set")
    assert "'my-bert'" in error.fix
    refused("no spaces here", "neither a folder nor a possible hub name")


def test_the_hub_is_asked_for_safetensors_only_and_its_answers_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://mirror.example")
    asked: dict[str, Any] = {}

    def answer(name: str, **how: Any) -> str:
        asked.update(how, name=name)
        if "fault" in asked:
            raise asked["fault"]
        return str(checkpoint("bert"))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", answer)
    assert Transformers(name="some/model", revision="v2").folder() == checkpoint("bert")
    assert (asked["name"], asked["revision"], asked["endpoint"]) == ("some/model", "v2", "http://mirror.example")
    assert asked["local_files_only"] is False
    assert not any(pattern.endswith((".bin", ".pt", ".h5")) for pattern in asked["allow_patterns"])
    response = httpx.Response(404, request=httpx.Request("GET", "http://mirror.example"))
    faults = [
        (RepositoryNotFoundError("x", response=response), "no folder and no hub model"),
        (RevisionNotFoundError("x", response=response), "no revision"),
        (GatedRepoError("x", response=response), "gated"),
        (httpx.ConnectError("connection refused"), "could not be asked: connection refused"),
    ]
    for fault, match in faults:
        asked["fault"] = fault
        refused("some/model", match)


def test_the_starter_is_the_package_or_else_its_hub_name(monkeypatch: pytest.MonkeyPatch) -> None:
    if _checkpoint.importlib.util.find_spec(_checkpoint.STARTER_PACKAGE):
        folder = Transformers().folder()
        assert (folder / "model.safetensors").is_file()
    monkeypatch.setattr(_checkpoint, "STARTER_PACKAGE", "no_such_package_here")
    monkeypatch.setattr(_checkpoint, "_downloaded", lambda name, revision: Path("/hub") / name)
    assert Transformers().folder() == Path("/hub/sentence-transformers/all-MiniLM-L6-v2")
