"""Each technique has a page, each page the same headings, and what is generated in it is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from burnish.cli.technique_pages import HEADINGS, pages
from tests.technique_cases import NAMES

FOLDER = Path(__file__).parents[2] / "docs" / "techniques"
PAGES = pages(FOLDER)


def test_every_technique_has_a_page_and_the_index_names_it() -> None:
    index = (FOLDER / "index.md").read_text(encoding="utf-8")
    named = {path.stem for path in PAGES}
    assert set(NAMES) <= named
    assert not [name for name in named if f"({name}.md)" not in index]


@pytest.mark.parametrize("path", PAGES, ids=[path.stem for path in PAGES])
def test_a_page_has_the_headings_and_is_up_to_date(path: Path) -> None:
    """Else: python -m burnish.cli.technique_pages docs/techniques."""
    text = path.read_text(encoding="utf-8")
    assert tuple(line[3:] for line in text.splitlines() if line.startswith("## ")) == HEADINGS
    assert text == PAGES[path]
