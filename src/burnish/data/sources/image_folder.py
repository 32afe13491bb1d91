"""A tree of class folders of images."""

from __future__ import annotations

from typing import Any, ClassVar

from burnish.data.sources._class_folders import ClassFolders
from burnish.inputs.image import Image


class ImageFolder(ClassFolders):
    """Class folders of images: every folder is a label, every image below it a row with `image` (path) and `label`.

    Classes and files stand in the order of their names. Hidden files are passed over; what is no image by its ending,
    and images outside any class folder, are counted and said. Linked folders are followed, each once.
    """

    input: ClassVar[type[Any]] = Image
