"""From a recipe to encoded splits: read, settle, divide, learn names, encode, audit. Nothing is written but caches."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from burnish.bundle.processors import processor_of
from burnish.core.errors import InputError
from burnish.core.events import Event
from burnish.core.processor import Processor
from burnish.data.feeding.encode import EncodedRows, encode_part
from burnish.data.feeding.loader import Loader
from burnish.data.joining import joined, require_in_each
from burnish.data.looking.audit import Audit, require_known
from burnish.data.looking.inspection import learned
from burnish.data.reading.places import splits_of
from burnish.data.reading.plain_texts import as_plain_texts
from burnish.data.settings import cache_folder
from burnish.data.streaming.shards import Shards
from burnish.data.table import Part
from burnish.data.truths import Truths, truths_of
from burnish.data.unfolding import kept_columns, said_of, unfolded_parts
from burnish.inputs import Assembled
from burnish.recipe.recipe import Recipe, Settled
from burnish.stages.audit.looks import looks
from burnish.stages.licence import licence_of
from burnish.stages.prepare import decisions
from burnish.stages.prepare.ancestry import learned_of, require_unseen
from burnish.stages.prepare.assembling import put_together
from burnish.stages.prepare.audited import audited
from burnish.stages.prepare.data_sets import columns_read, named_alike, rows_an_epoch, said_of_each, weights_of
from burnish.stages.prepare.dividing import Divided
from burnish.stages.prepare.imbalanced import check_imbalance, learned_loss
from burnish.stages.prepare.long_rows import check_long, require_way, said_of_long
from burnish.stages.prepare.named_classes import require_classes, require_spelling
from burnish.stages.prepare.settle import USUAL_TARGETS, settle
from burnish.stages.prepare.splits import read_splits, read_tables, split_hashes
from burnish.stages.prepare.spoken_language import with_language
from burnish.stages.prepare.streamed import streamed
from burnish.stages.prepare.unlabelled import require_taught
from burnish.stages.prepare.usual_settings import epochs_of
from burnish.stages.slicing import require_columns_of_slices
from burnish.targets import Scored, Target, Taught
from burnish.training.accelerator import Accelerator

Tell = Callable[[Event], None]


@dataclass(frozen=True)
class Prepared:
    """Data, ready to be trained on.

    Attributes:
        recipe: settled: nothing is left open; the target has learned its names from the training split.
        parts: 'train', 'validation' and 'test' where there is one.
        truths: what the target says of the rows of each.
        encoded: the same, as the network reads them.
        processor: the tokenizer or the like.
        audit: what is wrong with the rows.
        left_out: split to the number of its rows that a later split holds as well.
        shards: where training rows are streamed from; the training part is then a sample of them.
    """

    recipe: Settled
    parts: dict[str, Part]
    truths: dict[str, Truths]
    encoded: dict[str, EncodedRows]
    processor: Processor
    audit: Audit
    left_out: dict[str, int] | None = None
    shards: Shards | None = None

    def counts(self) -> dict[str, int]:
        """How many rows each split has; of a stream all that it holds."""
        streamed = {} if self.shards is None else {"train": self.shards.rows}
        return {name: len(part) for name, part in self.parts.items()} | streamed

    def hashes(self) -> dict[str, Any]:
        """What was read: every file with its sha256, how many rows of it are in which split, a hash of which, and how many
        were left out; and the weights of data sets.

        Without `left_out`, nothing was left out where splits share rows, as in burnish 0.7.0.
        """
        out = self.left_out
        return {
            name: {
                **split_hashes(part),
                **({"left_out": out.get(name, 0)} if out is not None else {}),
                **(weights_of(self.recipe.data) if name == "train" else {}),
                **({"stream": self.shards.fingerprint} if name == "train" and self.shards is not None else {}),
            }
            for name, part in self.parts.items()
        }


class Phases:
    """Turns progress calls into events, at most ten a second."""

    def __init__(self, tell: Tell) -> None:
        self._tell, self._last = tell, 0.0

    def __call__(self, text: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last > 0.1 or done >= total > 0:
            self._last = now
            self._tell(Event("phase", {"text": text, "done": done, "total": total}))


def prepare(recipe: Recipe, tell: Tell, accelerator: Accelerator, *, keep: bool = False) -> Prepared:
    """Read, settle, divide, learn, encode and audit.

    With several processes, the first one does it and fills the cache, the others then find it there. `keep` leaves rows
    that splits share where they are, for runs that burnish 0.7.0 began.

    Raises:
        InputError: bad input; nothing has been written outside the cache.
    """
    if not accelerator.main:
        accelerator.wait()
    prepared = _prepare(recipe, tell if accelerator.main else lambda event: None, keep)
    if accelerator.main:
        accelerator.wait()
    return prepared


def looked_at(recipe: Recipe, tell: Tell) -> tuple[Settled, Divided]:
    """The recipe with all that its rows tell, and its splits, for who looks at rows without encoding them.

    Raises:
        InputError: bad input.
    """
    require_known(recipe.allow)
    try:
        folder = recipe.model.folder()
    except InputError:
        if "model" in recipe.model_fields_set:
            raise
        folder = Path()  # there is no starter; only rows that are put together would need it
    draft, made = _divided(recipe, folder, tell, False)
    return _learned(draft, made.parts, _teller(tell, "note")), made


def _prepare(recipe: Recipe, tell: Tell, keep: bool) -> Prepared:
    require_known(recipe.allow)
    require_way(recipe)
    folder = recipe.model.folder()  # a name that leads nowhere is found before a large file is read
    draft, made = _divided(recipe, folder, tell, keep)
    parts = made.parts
    licence = licence_of(folder)
    if licence is not None and not licence.free:
        _teller(tell, "warning")(licence.sentence)
    warn, trust = _teller(tell, "warning"), recipe.trust_code
    for place, what in learned_of(folder, recipe.distil).items():
        require_unseen(place, parts, draft.input, recipe.allow, warn, trust_code=trust, model=what)
    decisions.check(recipe, draft.target, parts)
    require_columns_of_slices(recipe.slices, parts["test" if "test" in parts else "train"].table)
    draft = with_language(draft, parts["train"], folder, _teller(tell, "note"), Phases(tell))
    settled = _learned(draft, parts, _teller(tell, "note"))
    processor = processor_of(settled.input, settled.target, folder)
    parts = _unfolded(settled, parts, processor, tell)
    shards = None if recipe.data.stream is None else streamed(settled)
    rows = rows_an_epoch(recipe.data, parts["train"]) if shards is None else shards.rows
    epochs = epochs_of(recipe, settled.target, rows, _teller(tell, "note"))
    settled = settled.model_copy(update={"epochs": epochs})
    truths = {name: truths_of(part, settled.target) for name, part in parts.items()}
    decisions.check_rows(settled, truths)
    settled = learned_loss(settled, truths["train"].counts)
    check_imbalance(settled, truths["train"].counts)
    check_long(settled)
    encoded = _encoded(settled, parts, processor, tell)
    for said in said_of_long(settled, encoded, processor.for_input.side):
        _teller(tell, "note")(said)
    tokens = settled.input.lengths_matter
    if said := said_of_each(settled.data, parts["train"], encoded["train"], tokens=tokens):
        _teller(tell, "note")(said)
    closer = looks(settled, Phases(tell), named_model=True).closer
    examined = audited(settled, made, truths, encoded, processor, Phases(tell), closer)
    for severity, line in examined.lines():
        _teller(tell, "note" if severity == "note" else "warning")(line)
    prepared = Prepared(settled, parts, truths, encoded, processor, examined, None if keep else made.left_out, shards)
    require_taught(settled, parts["train"], encoded["train"].weights, warn)
    _show(prepared, tell)
    return prepared


def _divided(recipe: Recipe, folder: Path, tell: Tell, keep: bool) -> tuple[Settled, Divided]:
    """The recipe with all filled in that its tables tell, and its splits."""
    say, phases = _teller(tell, "note"), Phases(tell)
    data, said_of_folders = splits_of(recipe.data)
    for note in said_of_folders:
        say(note)
    if recipe.input is not None and recipe.input.plain_texts:
        data, said_of_texts = as_plain_texts(data)
        if said_of_texts:
            say(said_of_texts)
    recipe = recipe.model_copy(update={"data": data})
    tables = read_tables(data, recipe.target, recipe.target_column, usual=USUAL_TARGETS, say=say, notify=phases)
    recipe, tables = put_together(recipe, tables, folder, usual=USUAL_TARGETS, say=say, notify=phases)
    of_sets = named_alike(tables, recipe.target, recipe.target_column, USUAL_TARGETS, say)
    tables = joined(of_sets)
    draft = settle(recipe, tables["train"], say, {name: table for name, table in tables.items() if name != "train"})
    require_in_each(of_sets, *columns_read(draft), renamed=not isinstance(draft.input, Assembled))
    made = read_splits(
        tables,
        draft.input,
        draft.target,
        cache_folder(data.cache),
        division=draft,
        beside_tables=getattr(recipe.input, "root", None) is None,
        keeps_shared_rows=keep,
        notify=phases,
    )
    return draft, made


def _learned(draft: Settled, parts: Mapping[str, Part], say: Callable[[str], None]) -> Settled:
    """The recipe with what is learned from the training split: names, scale, facts of files."""
    require_spelling(draft.target, parts["train"].cells(draft.target.column))
    target = draft.target.learned(parts["train"].cells(draft.target.column))
    input_, said = learned(draft.input, parts)
    if said:
        say(said)
    settled = draft.model_copy(update={"input": input_, "target": target})
    require_classes(settled)
    return settled


def _unfolded(settled: Settled, parts: Mapping[str, Part], processor: Processor, tell: Tell) -> dict[str, Part]:
    """The splits with rows that become several as those, which is said."""
    columns = kept_columns(settled.target, settled.group)
    say = _teller(tell, "note")
    cache = cache_folder(settled.data.cache)
    made = unfolded_parts(parts, settled.input, settled.target, processor, columns, Phases(tell), say, cache)
    if said := said_of(made, settled.input, processor):
        _teller(tell, "note")(said)
    return made


def _encoded(settled: Settled, parts: Mapping[str, Part], processor: Processor, tell: Tell) -> dict[str, EncodedRows]:
    """The rows of each split as the network reads them; what was found in the cache is said."""
    cache, phases, say = cache_folder(settled.data.cache), Phases(tell), _teller(tell, "note")
    encoded = {
        name: encode_part(part, settled.input, settled.target, processor, cache=cache, notify=phases)
        for name, part in parts.items()
    }
    for name, rows in encoded.items():
        if rows.note:
            say(rows.note)
        say(f"{name}: {len(rows):,} examples encoded (cache {'hit' if rows.hit else 'miss'})")
    return encoded


def _teller(tell: Tell, name: Literal["note", "warning"]) -> Callable[[str], None]:
    return lambda text: tell(Event(name, {"text": text}))


def _show(prepared: Prepared, tell: Tell) -> None:
    """Three encoded training rows decoded back, as the network reads them, with their target."""
    recipe, rows, part = prepared.recipe, prepared.encoded["train"], prepared.parts["train"]
    loader = Loader(rows, recipe.input, recipe.target, prepared.processor)
    usable = np.flatnonzero(rows.weights > 0)
    chosen = usable[np.linspace(0, len(usable) - 1, min(3, len(usable))).astype(int)]
    examples = []
    for position in chosen:
        value = part.table.arrow[recipe.target.column][int(part.rows[position])].as_py()
        target, weight = rows.target(int(position))
        taught = loader.taught(position[None])[0]
        examples.append(
            {
                "place": part.table.place(int(part.rows[position])),
                "read": recipe.input.shown(taught, prepared.processor.for_input),
                "pieces": recipe.target.learned_pieces(taught, (target, weight), prepared.processor)
                if isinstance(recipe.target, Taught)
                else [],
                "tokens": int(rows.lengths[position]) if recipe.input.lengths_matter else None,
                "unit": recipe.input.length_unit,
                "truth": _shown_truth(recipe.target, value),
                "target": np.asarray(target).tolist()
                if np.ndim(target) == 0
                else f"{int((weight > 0).sum())} elements",
            }
        )
    tell(Event("sanity", {"examples": examples}))


def _shown_truth(target: Target, value: Any) -> Any:
    """The truth of a row; of one that is the text itself, its size."""
    truth = target.truth(value)
    return f"{truth:,.0f} bytes" if isinstance(target, Scored) and truth is not None else truth
