"""Signatures of bundles: Ed25519 (RFC 8032) over the bytes of the manifest, which holds the hash of every other file.

The signature is 64 bytes in a file of their own; openssl makes the keys and can check it:

    openssl genpkey -algorithm ed25519 -out private.pem
    openssl pkey -in private.pem -pubout -out public.pem
    openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in manifest.json -sigfile manifest.sig
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.core.errors import InputError
from burnish.core.files import MANIFEST, SIGNATURE, damage, file_aside

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TRUST = "BURNISH_TRUST"
"""Files of public keys, separated as in PATH: with them, bundles that none of these keys signed are refused."""
LENGTH = 64  # bytes of an Ed25519 signature
LARGEST_KEY = 1 << 16  # bytes; a key has about 100


def trusted() -> list[Path]:
    """The files of public keys that the environment names; none where it says nothing.

    Raises:
        InputError: it is there and names no file: whoever set it wanted signatures to be checked.
    """
    if TRUST not in os.environ:
        return []
    keys = [Path(name) for name in os.environ[TRUST].split(os.pathsep) if name.strip()]
    if not keys:
        raise InputError(
            f"{TRUST} is {os.environ[TRUST]!r} and names no public key",
            expected="files of public keys, separated as in PATH",
            fix=f"name them; or, to look at no signature: unset {TRUST}",
            place=TRUST,
        )
    return keys


def sign(folder: Path, key: Path) -> tuple[str, list[str]]:
    """Sign a bundle that is whole.

    Args:
        folder: of the bundle.
        key: PEM file of an Ed25519 private key, not encrypted.

    Returns:
        The fingerprint of the key, and warnings.

    Raises:
        InputError: the bundle is damaged or has files that its manifest does not name, or this is no such key.
    """
    secret = _private(key)
    manifest = _manifest(folder)
    wrong = damage(folder, manifest=manifest, added=True)
    if wrong:
        raise InputError("; ".join(wrong), expected="the files as they were written", place=str(folder))
    signature = secret.sign(manifest)
    with file_aside(folder / SIGNATURE) as aside:
        aside.write_bytes(signature)
    warned = []
    if os.name == "posix" and key.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        warned.append(f"others than its owner can read or change {key}: chmod 600 {key}")
    return fingerprint(secret.public_key()), warned


def require_signed(folder: Path, keys: Sequence[Path]) -> bytes:
    """The bytes of a manifest that one of the keys signed. Nothing is parsed.

    Args:
        folder: of the bundle.
        keys: PEM files of public keys.

    Raises:
        InputError: no signature, one by another key or of another manifest, or a file that is no such key.
    """
    known = [_public(path) for path in keys]
    manifest = _manifest(folder)
    if not is_signed(folder):
        raise InputError(
            "the bundle is not signed",
            expected=f"{SIGNATURE} by a key in " + ", ".join(map(str, keys)),
            fix=f"burnish sign {folder} --key PRIVATE.pem, by whom you trust; or do without: unset {TRUST}",
            place=str(folder),
        )
    if not any(_verified(key, folder / SIGNATURE, manifest) for key in known):
        raise InputError(
            f"{SIGNATURE} is not a signature of this {MANIFEST} by a key that is trusted",
            expected="the signature of " + " or ".join(fingerprint(key) for key in known),
            fix="the bundle was changed after it was signed, or somebody else signed it: ask for it again",
            place=str(folder),
        )
    return manifest


def is_signed(folder: Path) -> bool:
    """Whether there is a signature, by whomever."""
    return (folder / SIGNATURE).is_file()


def fingerprint(key: Ed25519PublicKey) -> str:
    """The first 16 hexadecimal digits of the sha256 of a public key's 32 bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def _verified(key: Ed25519PublicKey, file: Path, manifest: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    with file.open("rb") as opened:
        signature = opened.read(LENGTH + 1)
    try:
        key.verify(signature, manifest)
    except InvalidSignature:
        return False
    return True


def _manifest(folder: Path) -> bytes:
    try:
        return (folder / MANIFEST).read_bytes()
    except OSError:
        raise InputError(f"{MANIFEST} is missing or unreadable", place=str(folder)) from None


def _private(path: Path) -> Any:
    from_pem, content = _serialization().load_pem_private_key, _bytes(path)
    try:
        key = from_pem(content, None)
    except TypeError:
        raise InputError(
            "the private key is encrypted",
            expected="one without a password",
            fix=f"openssl pkey -in {path} -out plain.pem, and delete that after signing",
            place=str(path),
        ) from None
    except Exception as error:  # the library raises ValueError and kinds of its own
        raise _no_key("private", path) from error
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key("private", path)
    return key


def _public(path: Path) -> Ed25519PublicKey:
    from_pem, content = _serialization().load_pem_public_key, _bytes(path)
    try:
        key = from_pem(content)
    except Exception as error:
        raise _no_key("public", path) from error
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not isinstance(key, Ed25519PublicKey):
        raise _no_key("public", path)
    return key


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_KEY)
    except OSError as error:
        raise InputError(f"the key cannot be read: {error.strerror}", place=str(path)) from None


def _no_key(which: str, path: Path) -> InputError:
    wanted = "openssl genpkey -algorithm ed25519" if which == "private" else "openssl pkey -in PRIVATE.pem -pubout"
    return InputError(
        f"not an Ed25519 {which} key", expected="a PEM file", fix=f"make one: {wanted} -out NEW.pem", place=str(path)
    )


def _serialization() -> Any:
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError as error:
        raise InputError("signatures need cryptography", fix="pip install 'burnish[sign]'") from error
    return serialization
