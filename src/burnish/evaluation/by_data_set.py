"""Which predictions are of which data set, where a run has several."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from burnish.core.predictions import DATA_SET, Predictions
from burnish.data.table import Table


def of_data_sets(predictions: pa.Table, table: Table) -> pa.Table:
    """Predictions with the data set of each row; as they are where rows are of one without a name.

    Args:
        predictions: with `row`, positions in the table.
        table: that the rows are in.
    """
    names = table.data_sets
    if not names:
        return predictions
    numbers = table.data_set_numbers[predictions["row"].to_numpy()]
    return predictions.append_column(DATA_SET, pa.array([names[number] for number in numbers], pa.string()))


def by_data_set(predictions: Predictions) -> dict[str, Predictions]:
    """The predictions of each data set, in order of first appearance; nothing where there are none."""
    named = predictions.data_sets
    if named is None:
        return {}
    places = np.array([name or "" for name in named])
    return {name: predictions.take(np.flatnonzero(places == name)) for name in dict.fromkeys(named) if name}
