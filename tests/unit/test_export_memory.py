"""The memory that exports need is that of a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from burnish.bundle.bundle import Bundle
from burnish.core.errors import RunFailed
from burnish.core.resident import PEAK, STATUS
from burnish.media.text.token_row import token_row
from burnish.report.written_exports import HEAD, written_row
from burnish.stages.export.memory import peak_memory
from tests.chat_bundles import chat_bundle

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the most memory of one program")
BALLAST = 1 << 30


@pytest.mark.slow
def test_what_this_process_holds_is_not_in_it(tmp_path: Path) -> None:
    """Torch and its libraries are; and what fails is an error in words."""
    bundle = Bundle.load(chat_bundle(tmp_path / "bundle"))
    arrays = bundle.input.collate([token_row([5, 6, 7]), token_row([8])], bundle.processor.for_input)[0]
    ballast = bytearray(BALLAST)
    for place in range(0, BALLAST, 4096):
        ballast[place] = 1
    found = peak_memory("torch", bundle.path / "model", bundle, arrays)
    lines = STATUS.read_text(encoding="utf-8").splitlines()
    own = next(int(line.split()[1]) * 1024 for line in lines if line.startswith(PEAK))
    assert found is not None
    assert 50 << 20 < found < own - BALLAST // 2
    with pytest.raises(RunFailed, match="ended with code"):
        peak_memory("zebra", bundle.path / "model", bundle, arrays)


def test_the_table_shows_it() -> None:
    row = {"name": "gguf-float16", "status": "passed", "peak_memory": 700 << 20, "bytes": 3 << 20}
    assert dict(zip(HEAD, written_row(row, "chrf"), strict=True))["peak memory (MiB)"] == "700"
    assert dict(zip(HEAD, written_row({**row, "peak_memory": None}, "chrf"), strict=True))["peak memory (MiB)"] == "n/a"
