"""The hash by which a run names its best weights is that of the file, and is not computed twice."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from burnish.core import files
from burnish.core.files import damage, sha256
from burnish.training import checkpoint
from tests.unit.test_precision import Small


def test_it_is_the_hash_of_the_weights_and_comes_from_the_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Small()
    saved = checkpoint.save(tmp_path, 3, network, torch.optim.SGD(network.parameters(), 0.1), {"validations": []})
    wanted = sha256(saved.path / checkpoint.WEIGHTS)

    def never(path: Path) -> str:
        raise AssertionError("hashed again")

    with monkeypatch.context() as patch:
        patch.setattr(files, "sha256", never)
        assert saved.hash == wanted
        assert checkpoint.read(saved.path).hash == wanted
    with (saved.path / checkpoint.WEIGHTS).open("ab") as file:
        file.write(b"x")
    assert damage(saved.path)  # which is asked before weights are read
