"""Files and folders appear whole or not at all, and what was changed later is found."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from burnish.core.errors import RunFailed
from burnish.core.files import MANIFEST, damage, folder_aside, hashes, sha256, write_json, write_text


def filled(final: Path, text: str = "weights") -> Path:
    with folder_aside(final) as aside:
        (aside / "weights.bin").write_text(text)
        (aside / "model").mkdir()
        (aside / "model" / "config.json").write_text("{}")
        (aside / "model" / MANIFEST).write_text("not ours")
        (aside / "empty").touch()
    return final


def half_filled(final: Path, error: BaseException) -> None:
    with folder_aside(final) as aside:
        (aside / "weights.bin").write_text("half")
        raise error


def test_a_folder_appears_with_everything_in_it(tmp_path: Path) -> None:
    final = tmp_path / "deep" / "bundle"
    with folder_aside(final) as aside:
        assert not final.exists()
        assert aside.parent == final.parent
        (aside / "a").write_text("1")
    assert sorted(p.name for p in final.iterdir()) == ["a", MANIFEST]
    assert [p.name for p in final.parent.iterdir()] == ["bundle"]
    assert damage(final) == []


def test_without_manifest_there_is_none(tmp_path: Path) -> None:
    with folder_aside(tmp_path / "x", manifest=False) as aside:
        (aside / "a").write_text("1")
    assert [p.name for p in (tmp_path / "x").iterdir()] == ["a"]
    assert damage(tmp_path / "x") == [f"{MANIFEST} is missing or unreadable"]


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SystemExit(3), OSError(errno.EACCES, "no")])
def test_a_failure_leaves_nothing_new_and_everything_old(tmp_path: Path, error: BaseException) -> None:
    old = filled(tmp_path / "bundle", "old")
    before = hashes(old)
    for final in (old, tmp_path / "other"):
        with pytest.raises(type(error)):
            half_filled(final, error)
    assert [p.name for p in tmp_path.iterdir()] == ["bundle"]
    assert hashes(old) == before
    assert damage(old) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_in_words(tmp_path: Path, number: int) -> None:
    with pytest.raises(RunFailed, match="the disk is full: bundle"), folder_aside(tmp_path / "bundle"):
        raise OSError(number, os.strerror(number))
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_aside_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".writing-bundle").mkdir()
    (tmp_path / ".writing-bundle" / "stale").write_text("x")
    filled(tmp_path / "bundle")
    assert not (tmp_path / "bundle" / "stale").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["bundle"]


def test_a_new_folder_replaces_the_old_one_whole(tmp_path: Path) -> None:
    filled(tmp_path / "bundle", "old")
    with folder_aside(tmp_path / "bundle") as aside:
        (aside / "new").write_text("1")
    assert sorted(p.name for p in (tmp_path / "bundle").iterdir()) == [MANIFEST, "new"]


def removed(folder: Path) -> None:
    (folder / "weights.bin").unlink()


def removed_below(folder: Path) -> None:
    (folder / "model" / "config.json").unlink()


def truncated(folder: Path) -> None:
    (folder / "weights.bin").write_text("weigh")


def one_bit(folder: Path) -> None:
    content = bytearray((folder / "weights.bin").read_bytes())
    content[3] ^= 1
    (folder / "weights.bin").write_bytes(content)


def filled_in(folder: Path) -> None:
    (folder / "empty").write_text(" ")


def other_manifest_below(folder: Path) -> None:
    (folder / "model" / MANIFEST).write_text("changed")


def became_a_folder(folder: Path) -> None:
    (folder / "weights.bin").unlink()
    (folder / "weights.bin").mkdir()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (removed, "weights.bin is missing"),
        (removed_below, "model/config.json is missing"),
        (truncated, "weights.bin is not the file that was written"),
        (one_bit, "weights.bin is not the file that was written"),
        (filled_in, "empty is not the file that was written"),
        (other_manifest_below, f"model/{MANIFEST} is not the file that was written"),
        (became_a_folder, "weights.bin is missing"),
    ],
)
def test_damage_names_the_file(tmp_path: Path, change: Callable[[Path], None], expected: str) -> None:
    folder = filled(tmp_path / "bundle")
    assert damage(folder) == []
    change(folder)
    assert damage(folder) == [expected]


def test_damage_names_every_file(tmp_path: Path) -> None:
    folder = filled(tmp_path / "bundle")
    removed_below(folder)
    one_bit(folder)
    assert len(damage(folder)) == 2


@pytest.mark.parametrize("content", [None, "", "{", "[]x", "3", "[1, 2]", '"text"', "null", "\x00\x00"])
def test_a_manifest_that_is_none_is_damage(tmp_path: Path, content: str | None) -> None:
    folder = filled(tmp_path / "bundle")
    (folder / MANIFEST).unlink()
    if content is not None:
        (folder / MANIFEST).write_text(content)
    assert damage(folder) == [f"{MANIFEST} is missing or unreadable"]


def test_text_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.md"
    write_text(path, "old — 好\n")
    assert path.read_text(encoding="utf-8") == "old — 好\n"

    def full(handle: int) -> Any:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        write_text(path, "new")
    assert path.read_text(encoding="utf-8") == "old — 好\n"
    assert [p.name for p in tmp_path.iterdir()] == ["report.md"]


def test_json_is_readable_by_people_and_ends_its_line(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"name": "naïve 好", "list": [1]})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert "naïve 好" in text
    assert text.endswith("}\n")
    assert json.loads(text) == {"name": "naïve 好", "list": [1]}


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    import hashlib

    content = os.urandom((1 << 22) + 17)  # more than one piece
    (tmp_path / "x").write_bytes(content)
    assert sha256(tmp_path / "x") == hashlib.sha256(content).hexdigest()
