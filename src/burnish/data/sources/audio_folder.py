"""A tree of class folders of sounds."""

from __future__ import annotations

from typing import ClassVar

from burnish.data.looking.file_index import Look
from burnish.data.sources._class_folders import ClassFolders
from burnish.media.sound.reading import ENDINGS, look_version, looked_at


class AudioFolder(ClassFolders):
    """Class folders of sounds: every folder is a label, every sound below it a row with `audio` (path) and `label`.

    As `image_folder`. With `pattern`, parts of the file names become columns, such as the speaker for `group`.
    """

    thing: ClassVar[str] = "sound"
    column: ClassVar[str] = "audio"
    endings: ClassVar[tuple[str, ...]] = ENDINGS

    def looking(self) -> tuple[Look, str]:
        """As the audio input looks at its files, so that one look serves both."""
        return looked_at, look_version()
