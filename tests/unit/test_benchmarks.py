"""The programs in benchmarks/ are run by hand: at least what they import from burnish must be there."""

from __future__ import annotations

import ast
import importlib
from importlib.util import find_spec
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PROGRAMS = sorted(BENCHMARKS.rglob("*.py"))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.relative_to(BENCHMARKS).as_posix())
def test_what_a_benchmark_imports_is_there(program: Path) -> None:
    for node in ast.walk(ast.parse(program.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "burnish":
            module = importlib.import_module(str(node.module))
            missing = [a.name for a in node.names if not _there(module, str(node.module), a.name)]
            assert not missing, f"{node.module} has no {missing}"


def _there(module: object, name: str, wanted: str) -> bool:
    if hasattr(module, wanted):
        return True
    return hasattr(module, "__path__") and find_spec(f"{name}.{wanted}") is not None
