"""Entities in tag sequences: the same as seqeval's, for any sequence a model can answer."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import BILOU, IOB1, IOB2, IOBES, IOE2, Entities

from burnish.targets._spans import spans, split_tag

TAGS = st.sampled_from(
    ["O", "B-per", "I-per", "E-per", "S-per", "B-loc", "I-loc", "B-my-type", "I-my-type", "B", "I", "B-", "I-"]
)
ALL = st.sampled_from(["O", *(f"{p}-{kind}" for p in "BIESLUMW" for kind in ("per", "loc", "my-type"))])


def theirs(tags: list[str]) -> set[tuple[str, int, int]]:
    """What seqeval finds by default; it warns of prefixes that it reads all the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return set(get_entities(tags))


@given(st.lists(TAGS, max_size=14))
def test_any_sequence_is_read_as_seqeval_reads_it(tags: list[str]) -> None:
    """Malformed starts, type changes without B, bare prefixes and types with dashes included."""
    assert spans(tags) == {(kind, first, last) for kind, first, last in get_entities(tags)}


@given(st.lists(ALL, max_size=14))
def test_any_sequence_of_any_scheme_is_read_as_seqeval_reads_it(tags: list[str]) -> None:
    """BILOU, BMES and BMEWO as well, and what a model makes of them."""
    assert spans(tags) == theirs(tags)


@given(st.lists(st.sampled_from(["O", "I-per", "I-loc"]), max_size=14))
def test_sequences_without_any_begin_tag(tags: list[str]) -> None:
    """IOB1: entities that only ever start with I-."""
    assert spans(tags) == set(get_entities(tags))


@given(st.lists(TAGS, max_size=14))
def test_entities_do_not_overlap_and_cover_every_tagged_word(tags: list[str]) -> None:
    """Each word that is not O is in exactly one entity."""
    covered = [word for _, first, last in spans(tags) for word in range(first, last + 1)]
    assert sorted(covered) == [i for i, tag in enumerate(tags) if tag != "O"]


ENTITIES = st.lists(st.tuples(st.sampled_from(["per", "loc"]), st.integers(1, 4), st.integers(1, 3)), max_size=6)
WRITTEN = {"IOB2": "BII", "IOBES": "BIES", "BILOU": "BILU", "BMES": "BMES", "BMEWO": "BMEW"}


def written(entities: list[tuple[str, int, int]], letters: str) -> list[str]:
    """Entities as (type, words, words outside behind it), in a scheme: first, middle, last and single letter."""
    begin, middle, *more = letters
    last, single = (more[0], more[1]) if len(more) == 2 else (middle, begin)
    tags: list[str] = []
    for kind, length, gap in entities:
        own = [single] if length == 1 else [begin, *[middle] * (length - 2), last]
        tags += [f"{prefix}-{kind}" for prefix in own] + ["O"] * gap
    return tags


@pytest.mark.parametrize("scheme", WRITTEN)
@given(ENTITIES)
def test_well_formed_entities_are_the_same_in_every_scheme(scheme: str, entities: list[tuple[str, int, int]]) -> None:
    """Whatever the scheme they are written in, and whatever the mode of seqeval."""
    tags = written(entities, WRITTEN[scheme])
    assert spans(tags) == spans(written(entities, WRITTEN["IOB2"]))
    strict = {"IOB2": IOB2, "IOBES": IOBES, "BILOU": BILOU}.get(scheme)
    if strict is not None and tags:
        found = {(e.tag, e.start, e.end - 1) for e in Entities([tags], strict).entities[0]}
        assert found == spans(tags)


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        (IOB1, ["I-per", "I-per", "B-per", "O", "I-loc", "I-per"]),
        (IOE2, ["I-per", "E-per", "E-per", "O", "E-loc", "I-per", "E-per"]),
    ],
)
def test_rarer_schemes_agree_with_strict_reading(scheme: type, tags: list[str]) -> None:
    assert spans(tags) == {(e.tag, e.start, e.end - 1) for e in Entities([tags], scheme).entities[0]}


def test_prefixes_are_no_part_of_an_entity_type() -> None:
    assert {split_tag(f"{prefix}-PER")[1] for prefix in "BIESLUMW"} == {"PER"}


def test_tags_without_prefixes_form_runs() -> None:
    """Plain classes such as parts of speech, also those that begin with a letter that looks like a prefix."""
    assert spans(["NOUN", "NOUN", "ORG", "O", "ORG"]) == {("NOUN", 0, 1), ("ORG", 2, 2), ("ORG", 4, 4)}


def test_a_missing_tag_ends_an_entity() -> None:
    """Words whose truth is unknown are outside of everything."""
    assert spans(["B-per", None, "I-per"]) == {("per", 0, 0), ("per", 2, 2)}
