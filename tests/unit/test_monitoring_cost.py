"""Looking at the layers in every 20th step costs less than 2 % of a run, as `benchmarks/monitoring.py` measures it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "benchmarks" / "monitoring.py"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["texts", "pictures"])
def test_less_than_two_percent(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = importlib.util.spec_from_file_location("monitoring", FILE)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["monitoring"] = module  # its dataclass looks itself up there
    found.loader.exec_module(module)
    measured = module.measured(name, 5, "float32")
    with capsys.disabled():
        print(name, measured)
    assert measured[f"share_of_a_run_every_{module.EVERY}"] < 0.02
