"""Each way with rare classes has a page with the usual headings, and what is generated in it is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from burnish.cli.imbalance_pages import pages

FOLDER = Path(__file__).parents[2] / "docs" / "techniques"
PAGES = pages(FOLDER)
OTHERS = ("costs", "prior_correction", "imbalance_auto", "find_rate", "plot")
HEADINGS = ["What it does", "When to use it", "Settings", "What it gave on our data", "Traps", "Source"]


@pytest.mark.parametrize("path", [*PAGES, *(FOLDER / f"{name}.md" for name in OTHERS)], ids=lambda path: path.stem)
def test_a_page_has_the_headings_and_is_up_to_date(path: Path) -> None:
    """Else: python -m burnish.cli.imbalance_pages docs/techniques."""
    text = path.read_text(encoding="utf-8")
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == HEADINGS
    assert text == PAGES.get(path, text)
    assert f"({path.stem}.md)" in (FOLDER / "index.md").read_text(encoding="utf-8")
