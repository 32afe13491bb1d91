"""What is known of files that rows name: looked at once, kept in the cache, and again only where a file has changed."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

from burnish.core.errors import InputError

BATCH = 2048
_HELD = 64_000_000  # bytes that a batch holds at most, where rows hold the files themselves
SETTLED = 2_000_000_000  # nanoseconds: a file younger than this may change again without its time changing
MISSING = "no such file"
_QUESTION = 500  # values in one question to the database

Look = Callable[[bytes], dict[str, Any]]
Notify = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Seen:
    """One file.

    Attributes:
        sha256: of its bytes; empty where there is no such file.
        facts: what `look` found; `problem` in it says why it cannot be read.
    """

    sha256: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class _Stamp:
    """By what it is seen that a file is the one that was read: its size, and in nanoseconds when it was written, and when
    anything of it was changed; programs that copy set the first back, and not the second."""

    size: int
    modified: int
    changed: int

    @property
    def text(self) -> str:
        """Both times, as the index keeps them."""
        return f"{self.modified} {self.changed}"


class FileIndex:
    """An index in the cache: path, size and time of a file to its sha256, and sha256 to what was found in it.

    So a second start reads only files that changed, a folder that moved is hashed but not decoded again, and equal
    files are decoded once.

    Args:
        cache: the cache folder.
        look: what is to be known of a file's bytes.
        version: what `look` depends on beside the bytes.

    Raises:
        InputError: the cache cannot be written.
    """

    def __init__(self, cache: Path, look: Look, version: str) -> None:
        self._path, self._look, self._version = cache / "files.sqlite", look, version
        self._lock = threading.Lock()
        self.read = 0  # files whose bytes were read
        self.looked = 0  # files that were looked at
        try:
            cache.mkdir(parents=True, exist_ok=True)
            try:
                self._database = _opened(self._path)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:  # damaged: it only saves time, so it is made anew
                self._path.unlink()
                self._database = _opened(self._path)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error

    def __enter__(self) -> FileIndex:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._database.close()

    def seen(
        self, files: Iterable[Path | bytes | None], total: int = 0, notify: Notify | None = None
    ) -> Iterator[Seen]:
        """Each file in order; paths that lead nowhere have `problem`, rows without a file no facts at all.

        Args:
            files: paths, or bytes; read some at a time.
            total: how many there are, for `notify`.
            notify: told how many are done.
        """
        done = 0
        workers = min(8, os.cpu_count() or 1)
        with ThreadPoolExecutor(workers) as pool:
            for batch in _batches(files):
                try:
                    yield from self._batch(batch, pool)
                except sqlite3.Error as error:
                    raise self._unusable(error) from error
                done += len(batch)
                if notify is not None:
                    notify("looking at files", done, total)

    def _batch(self, files: Sequence[Path | bytes | None], pool: ThreadPoolExecutor) -> list[Seen]:
        paths = {os.path.abspath(f): _stamp(f) for f in files if isinstance(f, Path)}
        hashes = self._hashes(paths)
        facts = self._facts(set(hashes.values()))
        names = [os.path.abspath(f) if isinstance(f, Path) else f for f in files]
        todo = list(dict.fromkeys(n for n in names if n is not None and hashes.get(n, "") not in facts))
        inspected: dict[str | bytes, Seen] = {}
        for name, seen in zip(todo, pool.map(lambda n: self._one(n, facts), todo), strict=True):
            inspected[name] = seen
        self._keep(inspected, paths)
        return [
            Seen("", {}) if n is None else inspected[n] if n in inspected else Seen(hashes[n], facts[hashes[n]])
            for n in names
        ]

    def _one(self, name: str | bytes, facts: dict[str, dict[str, Any]]) -> Seen:
        """Read and look; runs in a thread."""
        try:
            data = name if isinstance(name, bytes) else Path(name).read_bytes()
        except (OSError, ValueError) as error:
            return Seen("", {"problem": _unreadable(error)})
        digest = hashlib.sha256(data).hexdigest()
        with self._lock:
            self.read += 1
            known = facts.get(digest) or self._facts({digest}).get(digest)
        if known is None:
            known = self._look(data)
            with self._lock:
                self.looked += 1
        facts[digest] = known
        return Seen(digest, known)

    def _hashes(self, paths: Mapping[str, _Stamp | None]) -> dict[str | bytes, str]:
        """Path to sha256 where size and time are those the index knows."""
        known: dict[str | bytes, str] = {}
        for some in _some(paths):
            marks = ",".join("?" * len(some))
            rows = self._database.execute(f"SELECT path, size, time, sha256 FROM files WHERE path IN ({marks})", some)
            for path, size, text, sha in rows:
                now = paths[path]
                if now is not None and (now.size, now.text) == (size, text):
                    known[path] = sha
        return known

    def _facts(self, hashes: set[str]) -> dict[str, dict[str, Any]]:
        facts: dict[str, dict[str, Any]] = {}
        for some in _some(hashes):
            marks = ",".join("?" * len(some))
            rows = self._database.execute(
                f"SELECT sha256, facts FROM facts WHERE version = ? AND sha256 IN ({marks})", (self._version, *some)
            )
            facts |= {sha: json.loads(text) for sha, text in rows}
        return facts

    def _keep(self, inspected: dict[str | bytes, Seen], paths: Mapping[str, _Stamp | None]) -> None:
        if not inspected:
            return
        now = time.time_ns()
        stamps = [(name, paths[name], s.sha256) for name, s in inspected.items() if isinstance(name, str) and s.sha256]
        rows = [(n, s.size, s.text, sha) for n, s, sha in stamps if s is not None and now - s.modified > SETTLED]
        new = {s.sha256: json.dumps(s.facts) for s in inspected.values() if s.sha256}
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", rows)
            self._database.executemany(
                "INSERT OR REPLACE INTO facts VALUES (?, ?, ?)",
                [(sha, self._version, text) for sha, text in new.items()],
            )

    def _unusable(self, error: Exception) -> InputError:
        return InputError(
            f"the index of files in the cache cannot be used: {error}",
            fix="make it writable, delete it, or name another folder with $BURNISH_CACHE or `data.cache`",
            place=str(self._path),
        )


def _batches(files: Iterable[Path | bytes | None]) -> Iterator[list[Path | bytes | None]]:
    batch: list[Path | bytes | None] = []
    held = 0
    for file in files:
        batch.append(file)
        held += len(file) if isinstance(file, bytes) else 0
        if len(batch) == BATCH or held > _HELD:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _some(values: Iterable[str]) -> Iterator[list[str]]:
    left = iter(values)
    while some := list(islice(left, _QUESTION)):
        yield some


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=120, check_same_thread=False)
    with suppress(sqlite3.OperationalError):  # another process may be about to say the same
        database.execute("PRAGMA journal_mode = TRUNCATE")
    database.execute(
        "CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, size INTEGER, time INTEGER, sha256 TEXT) WITHOUT ROWID"
    )
    database.execute(
        "CREATE TABLE IF NOT EXISTS facts (sha256 TEXT, version TEXT, facts TEXT, PRIMARY KEY (sha256, version))"
    )
    return database


def _stamp(path: Path) -> _Stamp | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return _Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _unreadable(error: OSError | ValueError) -> str:
    """In words; a ValueError is what a path with a null byte gives."""
    if isinstance(error, FileNotFoundError):
        return MISSING
    return f"cannot be read: {error.strerror if isinstance(error, OSError) and error.strerror else error}"
