"""A command of burnish does not import pandas for nothing, and pyarrow finds it where it is asked for by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
import pyarrow as pa
from burnish.data.reading.arrow import without_pandas
without_pandas()
before = list(sys.meta_path)
table = pa.table({"a": pa.array(["x", None]), "b": pa.array([1.5, float("nan")])})
assert "pandas" not in sys.modules, "imported for nothing"
assert table.to_pylist()[0] == {"a": "x", "b": 1.5}
assert table["b"].null_count == 0, "a number that is none is no gap"
frame = table.to_pandas()
assert "pandas" in sys.modules
assert pa.Table.from_pandas(frame).num_rows == 2
import pandas
assert pa.array(pandas.Series([1, 2])).to_pylist() == [1, 2]
without_pandas()
assert sys.meta_path == before
"""


def test_pandas_is_imported_where_it_is_needed_alone() -> None:
    pytest.importorskip("pandas")
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
