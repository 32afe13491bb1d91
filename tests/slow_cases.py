"""One case of a rule in the fast suite, its whole matrix in the slow one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def slow_but(cases: Iterable[Any], *quick: Any) -> list[Any]:
    """The cases of a parametrization; all but `quick` are left to `make test-slow`. Each of `quick` must be a case."""
    every = list(cases)
    assert all(case in every for case in quick), (quick, every)
    return [case if case in quick else _slow(case) for case in every]


def _slow(case: Any) -> Any:
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)
