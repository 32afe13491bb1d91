"""Data sets of the Hugging Face hub, and folders that `datasets` saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from burnish.core.errors import InputError, nearest
from burnish.data.reading.dataset_pieces import dataset_pieces
from burnish.data.sources import Notify, Rows, Source


class Hub(Source):
    """A data set of the Hugging Face hub by its name, or a folder written by `save_to_disk`."""

    config: str | None = Field(None, description="Configuration of the data set, where it has several.")
    split: str = Field("train", description="Which split of the data set is read.")
    revision: str | None = Field(None, description="Branch, tag or commit on the hub.")

    def read(self, where: Any) -> Iterator[Rows]:
        """The rows in pieces; HF_HUB_OFFLINE and HF_ENDPOINT are respected by the library.

        Raises:
            InputError: not reachable and not cached, no such configuration or split, or the library is not installed.
        """
        data, others = self._opened(str(where))
        unread = tuple(name for name in others if name != self.split)
        for rows in dataset_pieces(data, str(where)):
            notes = (*rows.notes, f"the data set also has the splits {', '.join(unread)}") if unread else rows.notes
            yield Rows(rows.columns, rows.encoding, notes)

    def digest(self, where: Any, cache: Path | None = None, notify: Notify | None = None) -> str:
        """A sha256 of the rows as Arrow."""
        from burnish.data.reading.digest import pieces_digest

        return pieces_digest(dataset_pieces(self._opened(str(where))[0], str(where)))

    def _opened(self, name: str) -> tuple[Any, list[str]]:
        """The split, and the names of all splits where they are known."""
        try:
            import datasets
        except ImportError as error:
            raise InputError(
                "reading data sets of the hub needs the library `datasets`",
                fix='pip install "burnish[train]"',
                place=name,
            ) from error
        if not Path(name).is_dir():
            return self._loaded(datasets, name), []
        try:
            data = datasets.load_from_disk(name)
        except Exception as error:  # whatever the library says about a damaged folder
            raise InputError(f"not a folder saved by datasets: {_line(error)}", place=name) from error
        if isinstance(data, datasets.Dataset):
            return data, []
        splits = list(data)
        if self.split not in splits:
            guess = nearest(self.split, splits)
            raise InputError(
                f"the data set has no split {self.split!r}",
                expected="one of " + ", ".join(splits),
                fix=f"say `hub_split: {guess or splits[0]}`, or '{name}[{guess or splits[0]}]'",
                place=name,
            )
        return data[self.split], splits

    def _loaded(self, datasets: Any, name: str) -> Any:
        try:
            return datasets.load_dataset(name, self.config, split=self.split, revision=self.revision)
        except Exception as error:  # the library raises a dozen kinds, network included
            if _offline(datasets):
                what = "the hub is switched off (HF_HUB_OFFLINE) and the data set is not in the local cache"
                fix = "unset HF_HUB_OFFLINE, or give a file or a saved folder"
            else:
                what = "neither a file or folder here nor readable from the hub"
                fix = "check the path, or the name, `hub_config`, `hub_split` and HF_ENDPOINT"
            raise InputError(f"{what}: {_line(error)}", fix=fix, place=f"{name}[{self.split}]") from error


def _offline(datasets: Any) -> bool:
    return bool(getattr(datasets.config, "HF_HUB_OFFLINE", False) or getattr(datasets.config, "HF_DATASETS_OFFLINE", 0))


def _line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__
