"""What report.md says beside all that, of speech, language models and whatever a modality adds: as it stands there, in English."""

from __future__ import annotations

from burnish.report.page.contents import Contents
from burnish.report.page.markdown_html import blocks
from burnish.report.page.markup import Both, both, join, tag
from burnish.report.page.section import Section


def further(contents: Contents) -> Section | None:
    """One section; nothing where report.md has nothing more."""
    parts = [tag("div", blocks(lines), class_="more") for lines in contents.further if lines]
    if not parts:
        return None
    lead = both("From report.md.", "以下内容来自 report.md（英文）。")
    return Section("further", Both("More about the predictions", "预测的更多内容"), lead, join(*parts))
