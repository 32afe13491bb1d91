"""Files are decoded once, as long as there is room; what is kept is what would be read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from burnish.core.batch import Example
from burnish.data.feeding.decoded import DecodedRows, MemoryBudget, decoded
from burnish.inputs._files import Read
from burnish.inputs.audio import Audio
from burnish.inputs.image import Image, ImageProcessor
from burnish.inputs.text import Text
from tests import sound_cases

PROCESSOR = ImageProcessor(32, 1.0, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
ROW = 4 * 40 * 40  # bytes of one picture below


def pictures(folder: Path, rows: int) -> list[Example]:
    """Pictures of noise."""
    random = np.random.default_rng(0)
    paths = [folder / f"{n}.png" for n in range(rows)]
    for path in paths:
        Pillow.fromarray(random.integers(0, 255, (40, 40, 3), np.uint8)).save(path)
    return [{"image": str(path)} for path in paths]


def store(limit: int, *, changed: bool = False) -> DecodedRows:
    """Of pictures, for so many bytes."""
    return DecodedRows(Image(), PROCESSOR, changed=changed, memory=MemoryBudget(limit))


def test_read_once_and_the_same(tmp_path: Path) -> None:
    """The second time no file is asked for, and the network sees the same numbers, in the order asked."""
    rows = pictures(tmp_path, 5)
    kept, asked = store(100 * ROW), list[int]()

    def examples(numbers: np.ndarray) -> list[Example]:
        asked.extend(map(int, numbers))
        return [rows[n] for n in numbers]

    first = kept.examples(np.array([3, 1, 1, 4]), examples)
    for path in tmp_path.glob("*.png"):
        path.unlink()
    again = kept.examples(np.array([1, 4, 3]), examples)
    assert asked == [3, 1, 4]
    numbers = [e["pixel_values"] for e in Image().encode(again, PROCESSOR)]
    own = [e["pixel_values"] for e in Image().encode(first, PROCESSOR)]
    assert all((a == b).all() for a, b in zip(numbers, (own[1], own[3], own[0]), strict=True))


def test_the_bound_holds(tmp_path: Path) -> None:
    """Three of five fit: the first three stay, the others are passed on as files, none of them decoded in advance."""
    rows = pictures(tmp_path, 5)
    kept = store(3 * ROW)
    found = kept.examples(np.arange(5), lambda numbers: [rows[n] for n in numbers])
    assert [isinstance(row["image"], Read) for row in found] == [
        True,
        True,
        True,
        True,
        False,
    ]  # the fourth found it full
    assert len(kept) == 3
    assert kept._memory.used == 3 * ROW
    again = kept.examples(np.arange(5), lambda numbers: [rows[n] for n in numbers])
    assert [isinstance(row["image"], Read) for row in again] == [True, True, True, False, False]


def test_two_splits_share_the_bound(tmp_path: Path) -> None:
    """What training took, validation cannot have."""
    rows = pictures(tmp_path, 4)
    stores = decoded(Image(), PROCESSOR, mebibytes=1, epochs=2, changes=[True, False])
    assert all(store is not None for store in stores)
    training, validation = (s for s in stores if s is not None)
    training._memory.limit = 3 * ROW
    for own in (training, validation):
        own.examples(np.arange(4), lambda numbers: [rows[n] for n in numbers])
    assert (len(training), len(validation)) == (3, 0)


@pytest.mark.parametrize(("mebibytes", "epochs"), [(0, 5.0), (1024, 1.0)])
def test_nothing_is_kept_for_nothing(mebibytes: int, epochs: float) -> None:
    """Switched off, or each row is read once."""
    assert decoded(Image(), PROCESSOR, mebibytes=mebibytes, epochs=epochs, changes=[True, False]) == [None, None]


def test_texts_are_stored_elsewhere() -> None:
    """Encoded texts lie on the disk."""
    assert decoded(Text(columns=["text"]), None, mebibytes=1024, epochs=3, changes=[False]) == [None]


def test_threads_count_each_row_once(tmp_path: Path) -> None:
    """Many threads that want many rows: the count of bytes is that of the rows that are kept."""
    rows = pictures(tmp_path, 40)
    kept = store(30 * ROW)
    random = np.random.default_rng(1)
    wanted = [random.permutation(40) for _ in range(30)]
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda own: kept.examples(own, lambda numbers: [rows[n] for n in numbers]), wanted):
            assert len(found) == 40
    assert len(kept) <= 30
    assert kept._memory.used == len(kept) * ROW


def test_a_waveform_that_is_kept_cannot_be_written_into() -> None:
    """An augmentation that changed it in place would change the next epoch."""
    processor = Audio(features="waveform", sampling_rate=16_000, seconds=1.0).processor(Path("/nowhere"))
    row = {"audio": {"array": sound_cases.sound(1, 0.2, 16_000), "sampling_rate": 16_000}}
    read, size = Audio().read_once(row, processor, changed=True)
    assert size == 4 * 3200
    with pytest.raises(ValueError, match="read-only"):
        read["audio"].value[0] = 1
    assert (
        Audio().encode([read], processor)[0]["input_values"] == Audio().encode([row], processor)[0]["input_values"]
    ).all()
