"""The rows a model was trained and tested on, read again as its bundle says, so that an exported one answers the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from burnish.bundle.bundle import Bundle
from burnish.core.batch import Array
from burnish.core.errors import InputError, RunFailed
from burnish.core.predictions import Predictions
from burnish.data.dealing.folds import together
from burnish.data.feeding.ahead import sharing
from burnish.data.feeding.encode import EncodedRows, encode_part
from burnish.data.feeding.loader import Loader
from burnish.data.joining import joined
from burnish.data.reading.places import given_splits
from burnish.data.reading.placing import named_no_root
from burnish.data.settings import cache_folder
from burnish.data.table import Part
from burnish.data.unfolding import kept_columns, unfolded_parts
from burnish.evaluation.predict import predict
from burnish.recipe.recipe import Recipe
from burnish.runtimes import Runner
from burnish.stages.nonfinite import answers_not_finite
from burnish.stages.prepare.assembling import with_rows
from burnish.stages.prepare.data_sets import named_alike
from burnish.stages.prepare.splits import read_splits, read_tables, split_hashes

NAMES = ("train", "validation", "test")


@dataclass(frozen=True)
class HeldOut:
    """The splits of a run.

    Attributes:
        bundle: whose they are.
        parts: train, and validation and test where there are any.
        recipe: as it was run.
        cache: where encoded rows are kept.
    """

    bundle: Bundle
    parts: dict[str, Part]
    recipe: Recipe
    cache: Any

    @property
    def choosing(self) -> str:
        """The split by which settings are chosen: validation, or where there is none, training."""
        return "validation" if "validation" in self.parts else "train"

    @property
    def proving(self) -> str:
        """The split that proves: test, or where there is none, the one that chooses."""
        return "test" if "test" in self.parts else self.choosing

    def limited(self, name: str, rows: int) -> Part:
        """At most `rows` rows of a split, drawn evenly over it."""
        part = self.parts[name]
        if len(part) <= rows:
            return part
        return Part(part.table, part.rows[np.linspace(0, len(part) - 1, rows).astype(np.int64)])

    def loader(self, part: Part, bundle: Bundle) -> Loader:
        """Rows as this bundle reads them."""
        rows: EncodedRows = encode_part(part, bundle.input, bundle.target, bundle.processor, cache=self.cache)
        shared = sharing(reads=not bundle.input.stored)
        return Loader(rows, bundle.input, bundle.target, bundle.processor, sharing=shared)

    def answers(
        self, run: Runner, part: Part, bundle: Bundle, notify: Callable[[str, int, int], None] | None = None
    ) -> Predictions:
        """What a model says of these rows.

        Raises:
            RunFailed: it gives NaN or infinity for some of them that have a truth.
        """
        strange: list[int] = []
        group = self.recipe.group if self.recipe.group in part.table.columns else None
        size = self.recipe.evaluation_batch_size
        predictions, _ = predict(
            run,
            self.loader(part, bundle),
            part,
            loss=None,
            group=group,
            batch_size=size,
            notify=notify,
            strange=strange,
            decoder=bundle.decoder,
        )
        counted = set(predictions.known.table["row"].to_pylist())
        if said := answers_not_finite([row for row in strange if row in counted], part, "held-out"):
            raise RunFailed(said, expected="numbers: such predictions mean nothing")
        return predictions

    def batches(self, part: Part, size: int, bundle: Bundle) -> Iterator[dict[str, Array]]:
        """Batches of consecutive rows as the network is called, of `size` rows each; the last, smaller one left out."""
        loader = self.loader(part, bundle)
        for start in range(0, len(part) - size + 1, size):
            encoded = loader.encoded(np.arange(start, start + size))
            yield bundle.input.collate(encoded, bundle.processor.for_input)[0]


def held_out(bundle: Bundle, *, trust_code: bool = False) -> HeldOut:
    """Read the data of a run again and divide it as it was.

    Raises:
        InputError: the data is not there any more, or is not the data the run was made with (the file is named).
    """
    values = dict(bundle.settings["recipe"])
    recipe = Recipe.load({**values, "trust_code": trust_code and values.get("trust_code", False)})
    cache = cache_folder(recipe.data.cache)
    try:
        tables = read_tables(given_splits(recipe.data), recipe.target, recipe.target_column)
        tables = joined(named_alike(with_rows(tables, bundle.input, cache), recipe.target, recipe.target_column))
    except InputError as error:
        raise InputError(
            f"export validation needs the data the run was tested on: {error.found}",
            expected=error.expected,
            fix="start burnish where the run was started, so that the paths in its recipe lead to the data",
            place=error.place,
        ) from error
    parts = read_splits(
        tables,
        bundle.input,
        bundle.target,
        cache,
        division=recipe,
        beside_tables=named_no_root(bundle.input, tables["train"]),
        keeps_shared_rows=not all("left_out" in told for told in bundle.settings["data"].values()),
    ).parts
    parts = unfolded_parts(
        parts, bundle.input, bundle.target, bundle.processor, kept_columns(bundle.target, recipe.group)
    )
    if recipe.folds is not None:
        parts = together(parts)
    _same_data(bundle, parts)
    return HeldOut(bundle, parts, recipe, cache)


def _same_data(bundle: Bundle, parts: dict[str, Part]) -> None:
    for name, told in bundle.settings["data"].items():
        part = parts.get(name)
        if part is None or len(part) != told["rows"]:
            raise InputError(
                f"the {name} split has {0 if part is None else len(part):,} rows",
                expected=f"{told['rows']:,}, as when the run was made",
                fix="bring back the data the run was made with",
            )
        then, now = [f["sha256"] for f in told["files"]], [o.sha256 for o in part.table.origins]
        other = [o.path for o in part.table.origins if o.sha256 not in then]
        if then != now:
            raise InputError(
                "the file is not the one the run was made with"
                if other
                else f"the files of {name} are others than then",
                fix="bring back that file",
                place=other[0] if other else f"data.{name}",
            )
        _same_split(name, told, split_hashes(part))


def _same_split(name: str, told: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """That each row is in the split it was in: rows that were trained on must not prove an export."""
    for key, what in (("which", "rows"), ("contents", "contents of files")):
        if key in told and told[key] != now.get(key):
            raise InputError(
                f"the {name} split has other {what} than when the run was made",
                expected="the same rows in each split",
                fix="use the version of burnish, and the files, that the run was made with",
                place=f"data.{name}",
            )
