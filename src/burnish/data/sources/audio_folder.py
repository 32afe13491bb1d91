"""A tree of class folders of sounds."""

from __future__ import annotations

from typing import Any, ClassVar

from burnish.data.sources._class_folders import ClassFolders
from burnish.inputs.audio import Audio


class AudioFolder(ClassFolders):
    """Class folders of sounds: every folder is a label, every sound below it a row with `audio` (path) and `label`.

    As `image_folder`. With `pattern`, parts of the file names become columns, such as the speaker for `group`.
    """

    input: ClassVar[type[Any]] = Audio
