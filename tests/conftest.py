"""What holds for every test."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

gc.disable()  # until all tests are imported: nothing of them is garbage, and looking for it took a third of that time


def pytest_collection_finish() -> None:
    """What torch, transformers and the tests themselves made is not looked through again: 10 % of the time of all tests."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(100_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _own_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes into the user's ledger of test sets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BURNISH_LEDGER", str(tmp_path_factory.mktemp("ledger") / "test_openings.jsonl"))
        yield
