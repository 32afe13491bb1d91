"""Markdown that data cannot break and that reads well as plain text."""

from __future__ import annotations

from burnish.report import markdown


def test_snippets_cannot_break_the_page() -> None:
    """Pipes, tags, emphasis, links, mentions and control characters are made harmless; words with _ stay readable."""
    shown = markdown.snippet("a|b <i>*x*</i> `c` [l](u) snake_case _em_ www.x.org @me\x00\n| next")
    assert shown == (
        "a\\|b &lt;i&gt;\\*x\\*&lt;/i&gt; \\`c\\` \\[l\\](u) snake_case \\_em\\_ www&#46;x.org &#64;me \\| next"
    )
    assert markdown.snippet("x" * 200).endswith("…")
    assert len(markdown.snippet("x" * 200)) == 160


def test_names_are_code_even_with_backticks() -> None:
    """A fence longer than any inside."""
    assert markdown.name("a`b") == "``a`b``"
    assert markdown.name("a|b") == "`a\\|b`"
    assert markdown.name("`x") == "`` `x ``"


def test_wide_characters_keep_the_columns() -> None:
    """Chinese takes two columns a character."""
    lines = markdown.table(["名", "n"], [["abc", "1"], ["房间", "22"]], right=(1,))
    assert len({markdown.width(line) for line in lines}) == 1


def test_numbers_keep_what_matters() -> None:
    """Three decimals, fewer for large numbers, digits for tiny ones, and words for what is not defined."""
    shown = [markdown.number(v) for v in (0.98765, 12.3456, 123.456, 123456.7, 0.000012, 0.0, None, float("nan"))]
    assert shown == ["0.988", "12.346", "123.5", "123,457", "1.2e-05", "0.000", "n/a", "n/a"]
    assert markdown.number(0.5, signed=True) == "+0.500"
    assert markdown.span(-0.1, 0.25, signed=True) == "[-0.100, +0.250]"


def test_durations_are_words() -> None:
    """Seconds, minutes, hours."""
    assert [markdown.duration(s) for s in (4.26, 185, 7800)] == ["4.3 s", "3 min 5 s", "2 h 10 min"]
