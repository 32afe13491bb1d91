"""The collector while libraries are loaded: off inside, as it was afterwards; only a process of ours freezes anything."""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Iterator

import pytest

from burnish.core import collecting
from burnish.core.collecting import before_the_end, importing, process_is_ours


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """How often anything was frozen."""
    done: list[str] = []
    monkeypatch.setattr(collecting.gc, "freeze", lambda: done.append("frozen"))
    monkeypatch.setattr(collecting._Process, "ours", False)
    running = gc.isenabled()
    gc.enable()
    yield done
    gc.enable() if running else gc.disable()


def imported(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, name, types.ModuleType(name))


def test_it_is_off_inside_and_on_afterwards_also_after_an_error(frozen: list[str]) -> None:
    with importing():
        assert not gc.isenabled()
        with importing():
            pass
        assert not gc.isenabled()  # the inner one leaves it to the outer
    assert gc.isenabled()
    with pytest.raises(ImportError), importing():
        raise ImportError
    assert gc.isenabled()


def test_where_somebody_switched_it_off_it_stays_off(frozen: list[str]) -> None:
    gc.disable()
    with importing():
        pass
    assert not gc.isenabled()


def test_in_somebody_elses_process_nothing_is_frozen(frozen: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with importing():
        imported(monkeypatch, "a_module_of_this_test")
    before_the_end()
    assert frozen == []


def test_in_ours_what_was_imported_is_frozen_once(frozen: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    process_is_ours()
    with importing():
        imported(monkeypatch, "a_module_of_this_test")
    assert len(frozen) == 1
    with importing():
        pass  # it was there: nothing new
    assert len(frozen) == 1
    before_the_end()
    assert len(frozen) == 2
