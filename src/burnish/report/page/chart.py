"""A chart on the page: what it shows in a line above, the picture, what the cross-hair reads, its numbers, ways to save it."""

from __future__ import annotations

from collections.abc import Sequence

from burnish.report.page.markup import Both, Html, both, tag

SAVES = ("csv", "svg", "png")


def chart(
    name: str,
    title: Both | str,
    caption: Both,
    picture: Html,
    *,
    table: Html | None = None,
    readout: bool = False,
    below: Html | None = None,
) -> Html:
    """A figure.

    Args:
        name: of the files it is saved as.
        title: what it answers.
        caption: what is drawn.
        picture: the SVG.
        table: its numbers, behind a summary; CSV is made of them where lines have no names.
        readout: whether a cross-hair is read out below it.
        below: what stands under the picture, such as a slider.
    """
    said = tag("p", class_="out", aria_live="polite") if readout else None
    numbers = tag("details", tag("summary", both("The numbers", "数值")), table, class_="behind") if table else None
    head = tag("figcaption", tag("b", title), caption)
    return tag("figure", head, picture, said, below, numbers, saves(), class_="fig", data_name=name)


def saves(kinds: Sequence[str] = SAVES) -> Html:
    """Buttons of page.js, one for each kind of file; without it nothing is there to press."""
    what = both("Save this chart as", "保存此图为")
    buttons = [tag("button", kind.upper(), type="button", data_save=kind) for kind in kinds]
    return tag("p", tag("span", what, class_="vh"), *buttons, class_="save", hidden=True)
