"""The catalogue of checkpoints: facts that can be checked without a hub, wishes, and candidates made of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from burnish.cli.commands import commands
from burnish.core.errors import InputError
from burnish.stages.choose.candidates import candidates
from burnish.stages.choose.catalogue import CATALOGUE, MANY, MODALITIES, gigabytes, listed


def test_each_is_there_once_and_whole() -> None:
    assert len({one.name for one in CATALOGUE}) == len(CATALOGUE) > 30
    assert MODALITIES == ("audio", "image", "text")
    for one in CATALOGUE:
        assert one.name.count("/") == 1, one.name
        assert 1 < one.parameters < 1000, one.name
        assert one.free, one.name
        assert one.learned_from, one.name
        assert all(code == MANY or len(code) == 2 for code in one.languages), one.name
        assert (one.longest > 0) == (one.modality == "text"), one.name


def test_architectures_of_timm_are_known_to_timm() -> None:
    timm = pytest.importorskip("timm")
    for one in CATALOGUE:
        if one.kind == "timm":
            assert one.candidate().model["name"] in timm.list_pretrained(), one.name


def test_wishes() -> None:
    german = listed("text", language="de")
    assert german
    assert all(MANY in one.languages for one in german)
    chinese = {one.name for one in listed("text", language="zh")}
    assert {"google-bert/bert-base-chinese", "hfl/chinese-roberta-wwm-ext"} < chinese
    assert "FacebookAI/roberta-base" not in chinese
    small = listed("image", largest=10)
    assert [one.parameters for one in small] == sorted(one.parameters for one in small)
    assert all(one.parameters <= 10 for one in small)
    assert gigabytes(small) == pytest.approx(sum(one.parameters for one in small) * 0.004)
    assert len(listed("audio", language="de")) > 0
    with pytest.raises(InputError, match="no checkpoint of the catalogue"):
        listed("text", largest=1)
    with pytest.raises(InputError, match="modality 'txt'"):
        listed("txt")


def test_candidates_of_it_stand_beside_named_ones_once(tmp_path: Path) -> None:
    of_catalogue = [one.candidate() for one in listed("text", largest=70)]
    given = candidates(["starter", of_catalogue[0].name], None, of_catalogue)
    assert [one.name for one in given][:2] == ["starter", of_catalogue[0].name]
    assert len(given) == 1 + len(of_catalogue)


def test_the_commands_show_it_and_refuse_half_a_wish() -> None:
    said = CliRunner().invoke(commands, ["list", "checkpoints"])
    assert said.exit_code == 0
    assert all(one.name in said.output for one in CATALOGUE)
    half = CliRunner().invoke(commands, ["choose", "a.csv", "--largest", "9", "--out", "choice"])
    assert isinstance(half.exception, InputError)
    assert half.exception.place in ("--largest", "a.csv")
