"""Files that are either complete or not there: write aside, fsync, rename."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from burnish.core.errors import InputError, RunFailed

Result = TypeVar("Result")
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
"""What `burnish sign` writes beside a manifest; it is in no manifest, and goes when the manifest changes."""
ASIDE = ".writing-"
SYSTEM = ("Thumbs.db", "desktop.ini", "__MACOSX", "@eaDir", "System Volume Information")
"""Files and folders that an operating system or a store adds to every folder; what begins with a dot is another."""
_FULL = (errno.ENOSPC, errno.EDQUOT)


def sha256(path: Path) -> str:
    """The hash of a file's bytes, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 22):
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def file_aside(final: Path) -> Iterator[Path]:
    """A path to write a file at; it is flushed and takes its final name when it is complete, else it is removed."""
    aside = final.with_name(ASIDE + final.name)
    try:
        yield aside
        _flush_file(aside)
        os.replace(aside, final)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """A text file that appears whole or not at all."""
    with file_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """A JSON file that appears whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """What `write_json` wrote.

    Raises:
        InputError: the file is damaged; burnish never leaves half a file, so something else changed it.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # UnicodeDecodeError is one as well
        raise InputError(
            f"the file is damaged: {error}",
            expected="the file as it was written",
            fix="bring back a copy",
            place=str(path),
        ) from error


def disk_is_full(error: BaseException | None) -> bool:
    """Whether an error, or the one it came from, says that there is no room left on a disk."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        # Libraries written in Rust (safetensors, tokenizers) say it in words only.
        if any(f"(os error {number})" in str(error) for number in _FULL):
            return True
        error = error.__cause__
    return False


def require_writable(path: Path) -> None:
    """Check that a file or folder could be made at `path`; leaves nothing behind.

    Raises:
        InputError: the nearest folder above it that is there cannot be written, or is no folder.
    """
    folder = path
    while not folder.exists():
        folder = folder.parent
    probe = folder / f"{ASIDE}probe"
    try:
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, f"{folder} is not a folder")
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise InputError(
            f"the output folder cannot be written: {error.strerror}", fix="choose another --out", place=str(path)
        ) from None


@contextmanager
def folder_aside(final: Path, *, manifest: bool = True) -> Iterator[Path]:
    """A folder to fill; it appears under its final name only when it is complete.

    Everything in it is flushed to disk before the rename. With `manifest`, it gets a file of hashes, so that a later
    reader knows whether it is intact. After a failure nothing is left behind.

    Raises:
        RunFailed: the disk is full.
    """
    aside = final.with_name(ASIDE + final.name)
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        yield aside
        if manifest:
            write_manifest(aside)
        _flush(aside)
        before = final.with_name(f"{ASIDE}before-{final.name}")
        shutil.rmtree(before, ignore_errors=True)
        if final.exists():
            os.replace(final, before)  # not deleted in place: a kill must not leave half of it under its name
        os.replace(aside, final)
        _flush_folder(final.parent)
        shutil.rmtree(before, ignore_errors=True)
    except BaseException as error:
        shutil.rmtree(aside, ignore_errors=True)
        if disk_is_full(error):
            raise RunFailed(f"the disk is full: {final.name} could not be written", place=str(final.parent)) from error
        raise


def hashes(folder: Path) -> dict[str, str]:
    """Relative file name to sha256 for every file below a folder but its own manifest and the signature of that."""
    names = _names(folder)
    return dict(zip(names, _at_once(sha256, [folder / name for name in names]), strict=True))


AT_ONCE = 4  # files that are hashed or flushed side by side; both wait for the disk, or leave Python's lock alone


def _at_once(of: Callable[[Path], Result], files: Sequence[Path]) -> list[Result]:
    """What a function gives for each file, in their order."""
    if len(files) < 2:
        return [of(file) for file in files]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(of, files))


def _names(folder: Path) -> list[str]:
    excluded = (folder / MANIFEST, folder / SIGNATURE)
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p not in excluded)
    return [p.relative_to(folder).as_posix() for p in files]


def write_manifest(folder: Path, *, without: Sequence[str] = ()) -> None:
    """Write the hashes of every file below a folder, and of the manifest itself.

    A signature of another manifest is removed first, so that none stands beside what it does not sign.

    Args:
        folder: where the manifest goes.
        without: folders below it whose files are left out. Unfinished files and folders always are.
    """
    out = tuple(f"{name}/" for name in without)
    digests = {
        name: digest
        for name, digest in hashes(folder).items()
        if not name.startswith(out) and not any(part.startswith(ASIDE) for part in name.split("/"))
    }
    text = json.dumps({**digests, MANIFEST: _manifest_hash(digests)}, indent=2, ensure_ascii=False) + "\n"
    path = folder / MANIFEST
    if path.is_file() and path.read_bytes() == text.encode():
        return
    (folder / SIGNATURE).unlink(missing_ok=True)
    write_text(path, text)


def _manifest_hash(entries: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(dict(entries), sort_keys=True).encode()).hexdigest()


def damage(folder: Path, *, manifest: bytes | None = None, added: bool = False) -> list[str]:
    """What is wrong with a folder that has a manifest: one sentence for each file that is missing or changed.

    Args:
        folder: where the manifest is.
        manifest: its bytes, where they were read and checked already.
        added: whether files that the manifest does not name are wrong as well.
    """
    path = folder / MANIFEST
    try:
        expected = json.loads(path.read_bytes() if manifest is None else manifest)
    except (OSError, ValueError, RecursionError):
        return [f"{MANIFEST} is missing or unreadable"]
    if not isinstance(expected, dict):
        return [f"{MANIFEST} is missing or unreadable"]
    manifest_hash = expected.pop(MANIFEST, None)  # manifests of burnish 0.1.0 have none
    if manifest_hash is not None and manifest_hash != _manifest_hash(expected):
        return [f"{MANIFEST} is not the file that was written"]
    if not expected:
        return [f"{MANIFEST} names no file"]
    odd = next((name for name, digest in expected.items() if not _is_entry(name, digest)), None)
    if odd is not None:
        return [f"{MANIFEST} is not the file that was written: {odd[:80]!r} is no file below it with a sha256"]
    there = [name for name in expected if (folder / name).is_file()]
    now = dict(zip(there, _at_once(sha256, [folder / name for name in there]), strict=True))
    problems = [
        f"{name} is not the file that was written" if name in now else f"{name} is missing"
        for name, digest in expected.items()
        if now.get(name) != digest
    ]
    if added:
        # A link to a folder brings in files that no manifest can name.
        links = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_symlink() and p.is_dir()]
        problems += [f"{name} is not in {MANIFEST}" for name in [*_names(folder), *links] if name not in expected]
    return problems


def manifest_names(folder: Path) -> list[str]:
    """The files that the manifest of a folder names, which `damage` has found whole."""
    return [name for name in json.loads((folder / MANIFEST).read_bytes()) if name != MANIFEST]


def strangers(folder: Path) -> list[str]:
    """Visible files below a folder that its manifest does not name, and links to folders; what systems leave is none."""
    known = set(manifest_names(folder))
    links = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_symlink() and p.is_dir()]
    return [name for name in [*_names(folder), *links] if name not in known and not _of_a_system(name)]


def _of_a_system(name: str) -> bool:
    parts = name.split("/")
    return any(part.startswith(".") or part in SYSTEM for part in parts)


def _is_entry(name: str, digest: object) -> bool:
    """Whether a manifest may hold it: a file below the folder, and 64 hexadecimal digits."""
    below = bool(name) and not any(part in ("", ".", "..") for part in name.split("/")) and "\0" not in name
    return below and isinstance(digest, str) and len(digest) == 64 and set(digest) <= set("0123456789abcdef")


def _flush(folder: Path) -> None:
    paths = [*folder.rglob("*"), folder]
    _at_once(_flush_file, [path for path in paths if not path.is_dir()])
    for path in paths:
        if path.is_dir():
            _flush_folder(path)


def _flush_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _flush_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
