"""A section of the page."""

from __future__ import annotations

from dataclasses import dataclass

from burnish.report.page.markup import Both, Child, Html, join, tag


@dataclass(frozen=True)
class Section:
    """One of them.

    Attributes:
        key: its id in the page.
        title: of it.
        lead: a sentence that says what it shows.
        body: what it holds.
        short: what it is called among the links; None: as it is titled.
    """

    key: str
    title: Both
    lead: Both | None
    body: Html
    short: Both | None = None

    def html(self) -> Html:
        """With its heading."""
        heading = tag("h2", self.title, id=f"h-{self.key}")
        lead = tag("p", self.lead, class_="lede") if self.lead else None
        return tag("section", heading, lead, self.body, id=self.key, aria_labelledby=f"h-{self.key}")


def fine(words: Child) -> Html:
    """Small print."""
    return tag("p", words, class_="fine")


def pair(*charts: Html | None) -> Html:
    """Charts side by side where there is room."""
    return tag("div", join(*charts), class_="two")
