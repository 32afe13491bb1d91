"""One tag a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from burnish.core.batch import Array, Encoded
from burnish.core.errors import InputError
from burnish.core.names import Names, looks_like_tags, text, unknown_name
from burnish.core.processor import Processor
from burnish.targets import Classes, Decoded, Judged, Mistakes, Recognised, Standalone, Usual, Wrong
from burnish.targets._named import Labelled
from burnish.targets._padding import padded_pairs
from burnish.targets._programs import TAGS
from burnish.targets._schemes import Scheme, scheme_of
from burnish.targets._spans import OUTSIDE, Span, spans, split_tag
from burnish.targets._tag_cells import cells_of, numbers_are, refuse_gaps, refuse_single_words
from burnish.targets._writing import LISTS, name_at, said_lists, written_as_lists

if TYPE_CHECKING:
    import pyarrow as pa


class Tags(Labelled, Judged, Recognised, Standalone):
    """One tag a word (O, B-person, I-person ...: IOB2, BIOES, BILOU, BMES); each word is predicted by its first sub-word."""

    shape: ClassVar[Literal["row", "element"]] = "element"
    recognition_order: ClassVar[int] = -3
    default_loss: ClassVar[str] = "cross_entropy"
    decides: ClassVar[str] = "span_f1"
    headline: ClassVar[tuple[str, ...]] = ("span_f1", "span_precision", "span_recall")
    classes: ClassVar[Classes] = Classes("Entity types", "entity type", "entities")
    linear: ClassVar[Literal["names"]] = "names"
    mistakes: ClassVar[Mistakes] = Mistakes(size="wrong or missed entities", truth="missed", answer="predicted wrongly")
    column: str = Field("tags", description="Column with the tags: a list, or one string with spaces between them.")
    labels: Names = Field(
        default_factory=list, description="Tag names in the order of the logits; empty: learned from training, sorted."
    )
    lists_as_text: bool | None = Field(None, description=LISTS)
    numbers: Literal["names", "positions"] | None = Field(
        None,
        description="What numbers in the cells are: names themselves, or positions in `labels`, counted from 0. "
        "Null: inferred and logged.",
    )
    scheme: Scheme | None = Field(
        None,
        description="What the prefixes of the tags mean; none: runs of equal tags are spans. Null: inferred and logged.",
    )

    def recognises(self, values: Sequence[Any]) -> bool:
        """Sequences of tags with the prefixes of a scheme."""
        known = [v for v in values if v is not None and v != [] and v != "[]"]
        usual = any(word in str(v) for v in known for word in ("O", "B-", "I-"))  # S-, M- and L- alone may be sizes
        return bool(known) and usual and all(looks_like_tags(v) for v in known)

    def settled(self, values: Sequence[Any], *, inferred: bool = False) -> tuple[Tags, list[str]]:
        """With lists written as text read as lists, numbers as positions where names are given, and the scheme found.

        Raises:
            InputError: one word in each row, numbers without names, prefixes of no scheme, or unreadable lists.
        """
        settled, said = self, []
        if self.lists_as_text is None and written_as_lists(values, self.column, self.kind()):
            settled = self.model_copy(update={"lists_as_text": True})
            said.append(said_lists(self.column))
        refuse_single_words(values, self.column)
        numbers, more = numbers_are([row for v in values if (row := cells_of(v, settled))], settled)
        if numbers is not None:
            settled = settled.model_copy(update={"numbers": numbers})
        return settled._with_scheme(values, [*said, *more])

    def _with_scheme(self, values: Sequence[Any], said: list[str]) -> tuple[Tags, list[str]]:
        rows = [row for v in values if (row := self.truth(v))]
        names = {tag for row in rows for tag in row if tag is not None}
        if self.scheme == "none" or not names:
            return self, said
        scheme = scheme_of(names, rows, self.column)
        if scheme != "none" and not self.labels:
            refuse_gaps(rows, names, self.column)
        if self.scheme is not None:
            return self, said
        words = "each run of equal tags counts as one span" if scheme == "none" else f"the scheme is {scheme}"
        return self.model_copy(update={"scheme": scheme}), [*said, f"tags: {words}"]

    def truth(self, value: Any) -> list[str | None] | None:
        """The tags of a row, None for a word without one; None where the cell is missing or is text without a word."""
        cells = cells_of(value, self)
        if cells is None:
            return None
        return [name_at(cell, self.labels) if self.numbers == "positions" else text(cell) for cell in cells]

    def learned(self, values: Iterable[Any]) -> Tags:
        """The tags that occur, sorted."""
        if self.labels:
            return self
        names = sorted({tag for v in values for tag in self.truth(v) or [] if tag is not None})
        if len(names) < 2:
            raise InputError(
                f"column {self.column!r} holds {'one tag only: ' + names[0] if names else 'no tag'} in the training split",
                expected="two or more different tags, such as O and B-person",
            )
        return self.model_copy(update={"labels": names})

    def problem_with(self, value: Any) -> str:
        """Missing, or a tag that is not among the learned ones."""
        tags = self.truth(value)
        if tags is None:
            return "no tags"
        strange = [t for t in tags if t is not None and t not in self.labels]
        return unknown_name(strange[0], self.names) if strange else ""

    def encode(self, value: Any, encoded: Encoded, processor: Processor) -> tuple[Array, Array]:
        """int64 [L] tag numbers, and float32 [L] weights: 1 on the first sub-word of each word whose tag is known.

        Raises:
            InputError: not one tag for each word.
        """
        length = int(encoded["_length"])
        target, weight = np.zeros(length, np.int64), np.zeros(length, np.float32)
        tags = self.truth(value)
        if tags is None:
            return target, weight
        starts = encoded["_words"]
        if len(tags) != len(starts):
            raise InputError(f"{len(tags)} tags for {len(starts)} words", expected="one tag for each word")
        for tag, start in zip(tags, starts, strict=True):
            if start >= 0 and tag in self.labels:
                target[start], weight[start] = self.labels.index(tag), 1.0
        return target, weight

    def collate(self, pairs: Sequence[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
        """[B, L] and [B, L]; padding has weight 0."""
        return padded_pairs(pairs, length)

    def strata(self, value: Any) -> str | None:
        """Whether anything is tagged: the rarest thing a split must not lose."""
        tags = self.truth(value)
        return None if tags is None else ("tagged" if any(t not in (OUTSIDE, None) for t in tags) else "plain")

    def counts(self, values: Iterable[Any]) -> Mapping[str, int]:
        """How often each tag occurs."""
        return Counter(tag for v in values for tag in self.truth(v) or [] if tag is not None)

    def decode(self, logits: Array, encoded: Sequence[Encoded]) -> list[Decoded]:
        """The most probable tag of each word; a word that was cut off gets O, because nothing was said of it."""
        best = logits.argmax(axis=-1)
        outside = OUTSIDE if OUTSIDE in self.labels else self.labels[0]
        return [
            Decoded(
                [self.labels[row[start]] if start >= 0 else outside for start in e["_words"]], np.zeros(0, np.float32)
            )
            for row, e in zip(best, encoded, strict=True)
        ]

    def arrow_type(self) -> pa.DataType:
        """A list of strings."""
        import pyarrow as pa

        return pa.list_(pa.string())

    def program(self) -> str:
        """As `decode`."""
        return TAGS

    @classmethod
    def usual(cls, truths: Sequence[Any], names: Sequence[str]) -> Usual:
        """O for every word, or the most common tag where there is no O."""
        seen = Counter(tag for row in truths for tag in row if tag is not None)
        tag = OUTSIDE if OUTSIDE in seen or OUTSIDE in names or not seen else seen.most_common(1)[0][0]
        return Usual(tag, f"the tag {tag} for every word")

    @classmethod
    def mentioned(cls, truth: Any) -> Sequence[str]:
        """The tags of the row."""
        return [str(tag) for tag in truth if tag is not None]

    @classmethod
    def class_names(cls, names: Sequence[str]) -> Sequence[str]:
        """Entity types, sorted."""
        return sorted({split_tag(name)[1] for name in names} - {""})

    @classmethod
    def counted(cls, answer: Any) -> set[tuple[Any, ...]]:
        """Entities: type, first word, last word."""
        return set(spans(answer or []))

    @classmethod
    def wrong(cls, truth: Any, answer: Any, probabilities: Array, names: Sequence[str]) -> Wrong | None:
        """Entities that are missed and entities that are not there, by how many."""
        true, answered = spans(truth), spans(answer or [])
        if true == answered:
            return None
        missed, wrong = _entities(true - answered), _entities(answered - true)
        return Wrong(missed or "(nothing more)", wrong or "(nothing)", float(len(true ^ answered)))


def _entities(entities: set[Span]) -> str:
    """Entities as `type words 3-4`, words counted from 1."""
    ordered = sorted(entities, key=lambda s: s[1])
    return ", ".join(f"{k} word {a + 1}" if a == b else f"{k} words {a + 1}-{b + 1}" for k, a, b in ordered)
