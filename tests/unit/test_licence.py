"""The licence of a checkpoint: read from its card, said where it binds, carried into what is trained from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from burnish.stages.licence import licence_of


@pytest.mark.parametrize(
    ("card", "name", "free"),
    [
        ("---\nlicense: cc-by-nc-4.0\n---\n# x", "cc-by-nc-4.0", False),
        ("---\ntags: [a]\nlicense: apache-2.0\n---\n", "apache-2.0", True),
        ("---\nlicense: other\nlicense_name: own\nlicense_link: LICENSE.md\n---\n", "other: own", False),
        ("---\nlicense: [mit, apache-2.0]\n---\n", "mit, apache-2.0", False),
    ],
)
def test_what_a_card_states(tmp_path: Path, card: str, name: str, free: bool) -> None:
    (tmp_path / "README.md").write_text(card, encoding="utf-8")
    found = licence_of(tmp_path)
    assert found is not None
    assert (found.name, found.free) == (name, free)
    assert name in found.sentence
    assert ("forbids commercial use" in found.sentence) == ("nc" in name)


@pytest.mark.parametrize(
    "card", ["", "# no front matter", "---\nlicense:\n---", "---\n: [\n---", "---\n- a\n---", "---"]
)
def test_cards_that_state_none(tmp_path: Path, card: str) -> None:
    (tmp_path / "README.md").write_text(card, encoding="utf-8")
    assert licence_of(tmp_path) is None
    assert licence_of(tmp_path / "nowhere") is None


def test_a_bundle_hands_on_the_licence_of_what_it_was_trained_from(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "bundle.json").write_text(
        json.dumps({"licence": {"name": "cc-by-nc-4.0", "link": "x"}}), encoding="utf-8"
    )
    found = licence_of(tmp_path / "model")
    assert found is not None
    assert (found.name, found.link) == ("cc-by-nc-4.0", "x")
