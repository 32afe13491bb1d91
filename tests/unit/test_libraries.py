"""Libraries of the end of a run are imported beside its steps; one that is missing is said by whoever needs it."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from burnish.core.libraries import Libraries


def test_they_are_there_when_they_were_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slowly_made.py").write_text("import threading, time\ntime.sleep(0.05)\nby = threading.get_ident()\n")
    (tmp_path / "broken_one.py").write_text("raise RuntimeError('no')\n")
    (tmp_path / "after_it.py").write_text("here = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    libraries = Libraries(["slowly_made", "no_such_library_anywhere", "broken_one", "after_it"])
    libraries.wait()  # nothing was begun
    assert "slowly_made" not in sys.modules
    libraries.begin()
    libraries.begin()
    libraries.wait()
    assert sys.modules["slowly_made"].by != threading.get_ident()
    assert sys.modules["after_it"].here
    assert "broken_one" not in sys.modules
    for name in ("slowly_made", "after_it"):
        del sys.modules[name]


def test_without_names_there_is_no_thread() -> None:
    before = threading.active_count()
    libraries = Libraries()
    libraries.begin()
    libraries.wait()
    assert threading.active_count() == before
