"""Entities in tag sequences: the same as seqeval's, for any sequence a model can answer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from burnish.targets._spans import spans

TAGS = st.sampled_from(
    ["O", "B-per", "I-per", "E-per", "S-per", "B-loc", "I-loc", "B-my-type", "I-my-type", "B", "I", "B-", "I-"]
)


@given(st.lists(TAGS, max_size=14))
def test_any_sequence_is_read_as_seqeval_reads_it(tags: list[str]) -> None:
    """Malformed starts, type changes without B, bare prefixes and types with dashes included."""
    assert spans(tags) == {(kind, first, last) for kind, first, last in get_entities(tags)}


@given(st.lists(st.sampled_from(["O", "I-per", "I-loc"]), max_size=14))
def test_sequences_without_any_begin_tag(tags: list[str]) -> None:
    """IOB1: entities that only ever start with I-."""
    assert spans(tags) == set(get_entities(tags))


@given(st.lists(TAGS, max_size=14))
def test_entities_do_not_overlap_and_cover_every_tagged_word(tags: list[str]) -> None:
    """Each word that is not O is in exactly one entity."""
    covered = [word for _, first, last in spans(tags) for word in range(first, last + 1)]
    assert sorted(covered) == [i for i, tag in enumerate(tags) if tag != "O"]


def test_tags_without_prefixes_form_runs() -> None:
    """Plain classes such as parts of speech, also those that begin with a letter that looks like a prefix."""
    assert spans(["NOUN", "NOUN", "ORG", "O", "ORG"]) == {("NOUN", 0, 1), ("ORG", 2, 2), ("ORG", 4, 4)}


def test_a_missing_tag_ends_an_entity() -> None:
    """Words whose truth is unknown are outside of everything."""
    assert spans(["B-per", None, "I-per"]) == {("per", 0, 0), ("per", 2, 2)}
