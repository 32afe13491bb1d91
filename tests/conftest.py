"""What holds for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _own_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes into the user's ledger of test sets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BURNISH_LEDGER", str(tmp_path_factory.mktemp("ledger") / "test_openings.jsonl"))
        yield
