"""A tree of class folders of images."""

from __future__ import annotations

from typing import ClassVar

from burnish.data.looking.file_index import Look
from burnish.data.sources._class_folders import ClassFolders
from burnish.media.picture.reading import ENDINGS, look_version, looked_at


class ImageFolder(ClassFolders):
    """Class folders of images: every folder is a label, every image below it a row with `image` (path) and `label`.

    Classes and files stand in the order of their names. Hidden files are passed over; what is no image by its ending,
    and images outside any class folder, are counted and said. Linked folders are followed, each once.
    """

    thing: ClassVar[str] = "image"
    column: ClassVar[str] = "image"
    endings: ClassVar[tuple[str, ...]] = ENDINGS

    def looking(self) -> tuple[Look, str]:
        """As the image input looks at its files, so that one look serves both."""
        return looked_at, look_version()
