"""Signatures of bundles: what is not signed by a key that is trusted is refused before it is read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import burnish
from burnish.bundle import signature
from burnish.bundle.bundle import Bundle
from burnish.core.errors import InputError
from burnish.core.files import MANIFEST, SIGNATURE, sha256, write_manifest
from tests.integration.spoiled import Said

ed25519 = pytest.importorskip(
    "cryptography.hazmat.primitives.asymmetric.ed25519", reason="the extra `sign` is not installed"
)
ROW = "my card is broken at home"


def key_pair(folder: Path, name: str) -> tuple[Path, Path]:
    """PEM files of a new key: private (for its owner only) and public."""
    from cryptography.hazmat.primitives import serialization as to

    secret = ed25519.Ed25519PrivateKey.generate()
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    private.write_bytes(secret.private_bytes(to.Encoding.PEM, to.PrivateFormat.PKCS8, to.NoEncryption()))
    private.chmod(0o600)
    public.write_bytes(secret.public_key().public_bytes(to.Encoding.PEM, to.PublicFormat.SubjectPublicKeyInfo))
    return private, public


@pytest.fixture
def run(trained: Callable[..., Path], tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    shutil.copytree(trained("label", "full", "bert", epochs=12), folder)
    return folder


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    return key_pair(tmp_path, "ours")


@pytest.fixture
def signed(run: Path, keys: tuple[Path, Path], burnish_command: Callable[..., Said]) -> Path:
    said = burnish_command("sign", run, "--key", keys[0])
    assert said.code == 0, said.err
    assert "warning" not in said.err
    return run


def test_signed_by_a_trusted_key_it_answers(signed: Path, keys: tuple[Path, Path], tmp_path: Path) -> None:
    assert (signed / "bundle" / SIGNATURE).stat().st_size == signature.LENGTH
    assert SIGNATURE not in json.loads((signed / "bundle" / MANIFEST).read_text())
    plain = burnish.load(signed)(ROW)
    assert burnish.load(signed, trust=keys[1])(ROW) == plain
    assert burnish.load(signed, trust=[key_pair(tmp_path, "theirs")[1], keys[1]])(ROW) == plain


def test_the_environment_names_the_key_for_every_command(
    signed: Path,
    keys: tuple[Path, Path],
    tmp_path: Path,
    burnish_command: Callable[..., Said],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "there, not checked" in burnish_command("info", signed).out
    rows = tmp_path / "rows.csv"
    rows.write_text(f"text\n{ROW}\n")
    monkeypatch.setenv(signature.TRUST, str(keys[1]))
    assert "valid, by a key that is trusted" in burnish_command("info", signed).out
    assert burnish_command("predict", signed, rows, "-o", tmp_path / "answers.csv").code == 0
    monkeypatch.setenv(signature.TRUST, str(key_pair(tmp_path, "theirs")[1]))
    for words in (
        ("info", signed),
        ("predict", signed, rows, "-o", tmp_path / "more.csv"),
        ("serve", signed, "--port", "0"),
        ("export", signed),
        ("dockerfile", signed),
    ):
        said = burnish_command(*words)
        assert said.code == 2, words
        assert "not a signature of this manifest.json by a key that is trusted" in said.err
    assert not (tmp_path / "more.csv").exists()


def test_without_a_signature_it_is_refused_only_where_a_key_is_named(run: Path, keys: tuple[Path, Path]) -> None:
    assert Bundle.load(run, trust=()).path == run / "bundle"
    with pytest.raises(InputError, match="the bundle is not signed"):
        Bundle.load(run, trust=[keys[1]])


def test_a_changed_file_is_refused(signed: Path, keys: tuple[Path, Path]) -> None:
    card = signed / "bundle" / "README.md"
    card.write_text(card.read_text() + "changed")
    with pytest.raises(InputError, match=r"README\.md is not the file that was written"):
        Bundle.load(signed, trust=[keys[1]])


def test_a_changed_file_with_a_manifest_to_match_is_refused_unread(
    signed: Path, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = signed / "bundle"
    kept = (bundle / SIGNATURE).read_bytes()
    (bundle / "bundle.json").write_text("{this is no JSON")
    write_manifest(bundle)
    assert not (bundle / SIGNATURE).exists(), "the old signature goes with the old manifest"
    (bundle / SIGNATURE).write_bytes(kept)
    read: list[Path] = []
    monkeypatch.setattr("burnish.core.files.sha256", lambda path: read.append(path) or sha256(path))
    with pytest.raises(InputError, match="not a signature of this manifest"):
        Bundle.load(signed, trust=[keys[1]])
    assert not read


@pytest.mark.parametrize("content", [b"", b"x" * 63, b"x" * 64, b"x" * 65, b"{}" * 100_000])
def test_what_is_no_signature_is_refused(signed: Path, keys: tuple[Path, Path], content: bytes) -> None:
    (signed / "bundle" / SIGNATURE).write_bytes(content)
    with pytest.raises(InputError, match="not a signature of this manifest"):
        Bundle.load(signed, trust=[keys[1]])


def test_a_file_that_was_added_is_refused(signed: Path, keys: tuple[Path, Path], tmp_path: Path) -> None:
    """Libraries read files by their names when they are there, such as adapters: none may join a signed bundle."""
    added = signed / "bundle" / "model" / "adapter_config.json"
    added.write_text("{}")
    with pytest.raises(InputError, match=r"model/adapter_config\.json is not in manifest\.json"):
        Bundle.load(signed, trust=[keys[1]])
    added.unlink()
    (tmp_path / "elsewhere").mkdir()
    (signed / "bundle" / "more").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"more is not in manifest\.json"):
        Bundle.load(signed, trust=[keys[1]])


def test_a_damaged_bundle_is_not_signed(
    run: Path, keys: tuple[Path, Path], burnish_command: Callable[..., Said]
) -> None:
    (run / "bundle" / "golden.json").write_text("[]")
    said = burnish_command("sign", run, "--key", keys[0])
    assert said.code == 2
    assert "golden.json" in said.err
    assert not (run / "bundle" / SIGNATURE).exists()


def test_keys_that_are_none_are_refused_by_name(
    run: Path, keys: tuple[Path, Path], tmp_path: Path, burnish_command: Callable[..., Said]
) -> None:
    from cryptography.hazmat.primitives import serialization as to
    from cryptography.hazmat.primitives.asymmetric import ec

    other = tmp_path / "other.pem"
    other.write_text("-----BEGIN PRIVATE KEY-----\nno\n-----END PRIVATE KEY-----\n")
    curve = tmp_path / "curve.pem"
    secret = ec.generate_private_key(ec.SECP256R1())
    curve.write_bytes(secret.private_bytes(to.Encoding.PEM, to.PrivateFormat.PKCS8, to.NoEncryption()))
    locked = tmp_path / "locked.pem"
    own = ed25519.Ed25519PrivateKey.generate()
    locked.write_bytes(
        own.private_bytes(to.Encoding.PEM, to.PrivateFormat.PKCS8, to.BestAvailableEncryption(b"password"))
    )
    for path, words in ((other, "not an Ed25519"), (curve, "not an Ed25519"), (keys[1], "not an Ed25519")):
        said = burnish_command("sign", run, "--key", path)
        assert said.code == 2
        assert words in said.err
        assert path.name in said.err
    assert "encrypted" in burnish_command("sign", run, "--key", locked).err
    assert "cannot be read" in burnish_command("sign", run, "--key", tmp_path / "none.pem").err
    for path in (other, curve, keys[0]):
        with pytest.raises(InputError, match="not an Ed25519 public key"):
            Bundle.load(run, trust=[path])


def test_without_the_library_a_key_that_is_named_is_no_way_past(
    signed: Path, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    with pytest.raises(InputError, match="signatures need cryptography"):
        Bundle.load(signed, trust=[keys[1]])


def test_a_private_key_that_others_can_read_is_warned_of(
    run: Path, keys: tuple[Path, Path], burnish_command: Callable[..., Said]
) -> None:
    keys[0].chmod(0o640)
    said = burnish_command("sign", run, "--key", keys[0])
    assert said.code == 0
    assert "chmod 600" in said.err


@pytest.mark.slow
def test_an_export_removes_the_signature_and_says_so(
    signed: Path, keys: tuple[Path, Path], tmp_path: Path, burnish_command: Callable[..., Said]
) -> None:
    beside = burnish_command("export", signed, "--to", "safetensors", "--out", tmp_path / "beside")
    assert beside.code == 0
    assert (signed / "bundle" / SIGNATURE).is_file()
    inside = burnish_command("export", signed, "--to", "safetensors")
    assert inside.code == 0
    assert "signature was removed" in inside.err
    assert not (signed / "bundle" / SIGNATURE).exists()
    assert "signature" not in beside.err


def test_training_does_not_ask_for_a_signature(
    bert: Path, tmp_path: Path, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, table: Callable[[str], Path]
) -> None:
    from tests.integration import tiny_runs

    monkeypatch.setenv(signature.TRUST, str(keys[1]))
    recipe = {**tiny_runs.settings("label", bert, str(table("label"))), "epochs": 1}
    burnish.train(recipe, out=tmp_path / "fresh")
    with pytest.raises(InputError, match="not signed"):
        burnish.load(tmp_path / "fresh")
