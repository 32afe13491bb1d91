"""What every input that is read anew for each batch must do: the same numbers in training, after a reload and in a bundle."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.core.component import build, component_class, kinds
from burnish.core.errors import InputError
from burnish.inputs import Input
from tests import sound_cases
from tests.image_cases import picture, save
from tests.sound_cases import sound

AXIS = "burnish.inputs"
FROM_FILES = [kind for kind in kinds(AXIS) if not component_class(AXIS, kind).stored]  # type: ignore[attr-defined]
IN_GRAPH = [kind for kind in FROM_FILES if kind != "speech"]
"""Whose preprocessing a graph does for rows of one size; recordings differ in length, and have tests with their exports."""
SETTINGS: dict[str, dict[str, Any]] = {
    "image": {"column": "x", "size": 16, "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4]},
    "audio": {"column": "x", "features": "log_mel", "sampling_rate": 8000, "seconds": 0.4, "mels": 32},
    "speech": {"column": "x", "features": "waveform", "sampling_rate": 8000, "seconds": 0.4},
}
UNSAID = {"image": "mean", "audio": "sampling_rate", "speech": "sampling_rate"}


class Turned:
    """A change that depends on the seed alone: pictures turned; sounds made softer, and the lowest band louder."""

    def __call__(self, value: Any, seed: int) -> Any:
        return value / seed if isinstance(value, np.ndarray) else value.rotate(seed)

    def features(self, values: Any, seed: int) -> Any:
        return np.concatenate([values[:1] + np.float32(seed), values[1:]])

    def whole(self) -> Turned:
        return self


def case(kind: str, folder: Path) -> tuple[Input, list[dict[str, Any]]]:
    """The input, and rows that name files of different sizes."""
    assert kind in SETTINGS, f"add a case for input {kind!r} to {__name__}"
    made = build(AXIS, {"kind": kind, **SETTINGS[kind]})
    assert isinstance(made, Input)
    if kind in ("audio", "speech"):  # shorter than a view, as long, and longer; at other rates, and in two channels
        sounds = [sound(i, 0.15 + 0.25 * i, rate) for i, rate in enumerate((8000, 8000, 16000, 11025))]
        rates, both = (8000, 8000, 16000, 11025), np.stack([sounds[3], sounds[3] / 2], axis=1)
        pairs = enumerate(zip([*sounds[:3], both], rates, strict=True))
        return made, [{"x": str(sound_cases.save(own, folder / f"{i}.flac", rate))} for i, (own, rate) in pairs]
    paths = [save(picture(i, 20 + 9 * i, 30), folder / f"{i}.png") for i in range(4)]
    return made, [{"x": str(path)} for path in paths]


@pytest.mark.parametrize("kind", FROM_FILES)
def test_is_written_and_read_back_and_documents_itself(kind: str, tmp_path: Path) -> None:
    made, rows = case(kind, tmp_path)
    assert build(AXIS, made.model_dump()) == made
    assert made.sentence()
    assert set(made.required_columns) <= set(rows[0])


@pytest.mark.parametrize("kind", FROM_FILES)
def test_a_row_does_not_see_its_neighbours(kind: str, tmp_path: Path) -> None:
    """One row at a time and all together give the same numbers; every row has a length."""
    made, rows = case(kind, tmp_path)
    processor = made.processor(tmp_path)
    together = made.encode(rows, processor)
    for row, encoded in zip(rows, together, strict=True):
        (alone,) = made.encode([row], processor)
        assert alone.keys() == encoded.keys()
        for name, value in alone.items():
            np.testing.assert_array_equal(value, encoded[name], err_msg=name)
        assert int(encoded["_length"]) <= int(encoded["_full_length"])
        assert made.shown(encoded, processor)
    arrays, _ = made.collate(together, processor)
    assert all(len(a) == len(rows) for a in arrays.values())
    assert not [name for name in arrays if name.startswith("_")]


@pytest.mark.parametrize("kind", FROM_FILES)
def test_augmented_rows_are_a_function_of_their_seed(kind: str, tmp_path: Path) -> None:
    """The same seed gives the same numbers, another seed others; what is changed is what was read."""
    made, rows = case(kind, tmp_path)
    processor = made.processor(tmp_path)

    first = made.augmented(rows, processor, Turned(), [10, 20, 30, 40])
    again = made.augmented(rows[::-1], processor, Turned(), [40, 30, 20, 10])[::-1]
    other = made.augmented(rows, processor, Turned(), [50, 60, 70, 80])
    for a, b, c in zip(first, again, other, strict=True):
        name = next(n for n in a if not n.startswith("_"))
        np.testing.assert_array_equal(a[name], b[name])
        assert not np.array_equal(a[name], c[name])


@pytest.mark.parametrize("kind", FROM_FILES)
def test_a_portable_row_survives_json_and_the_loss_of_its_file(kind: str, tmp_path: Path) -> None:
    """Golden examples of a bundle hold what was read, not where it was."""
    made, rows = case(kind, tmp_path)
    processor = made.processor(tmp_path)
    before = made.encode(rows, processor)
    carried = json.loads(json.dumps([made.portable(row) for row in rows]))
    for row in rows:
        Path(row["x"]).unlink()
    for a, b in zip(before, made.encode(carried, processor), strict=True):
        for name in a:
            np.testing.assert_array_equal(a[name], b[name])
    with pytest.raises(InputError) as error:
        made.encode(rows[:1], processor)
    assert Path(rows[0]["x"]).name in str(error.value)


@pytest.mark.parametrize("kind", FROM_FILES)
def test_every_row_has_views_that_can_stand_in_one_batch(kind: str, tmp_path: Path) -> None:
    """At least one a row, each with what `encode` gives, and the same whoever stands beside it."""
    made, rows = case(kind, tmp_path)
    processor = made.processor(tmp_path)
    together = [list(views) for views in made.views(rows, processor)]
    assert len(together) == len(rows)
    for row, views, encoded in zip(rows, together, made.encode(rows, processor), strict=True):
        (alone,) = (list(views) for views in made.views([row], processor))
        assert len(alone) == len(views) >= 1
        for one, other in zip(alone, views, strict=True):
            assert one.keys() == other.keys() == encoded.keys()
            for name, value in one.items():
                np.testing.assert_array_equal(value, other[name])
    flat = [view for views in together for view in views]
    arrays, _ = made.collate(flat, processor)
    assert all(len(a) == len(flat) for a in arrays.values())


_LEAN = """
import json, sys
for name in ("torch", "transformers", "timm", "torchvision", "scipy"):
    sys.modules[name] = None
from pathlib import Path
from burnish.core.component import build
given = json.load(sys.stdin)
made = build("burnish.inputs", given["input"])
processor = made.processor(Path(given["folder"]), given["settings"])
arrays, length = made.collate(made.encode(given["rows"], processor), processor)
print(json.dumps({name: value.tolist() for name, value in arrays.items()}))
"""


@pytest.mark.parametrize("kind", FROM_FILES)
def test_restored_from_a_bundle_gives_the_same_without_torch(kind: str, tmp_path: Path) -> None:
    made, rows = case(kind, tmp_path)
    processor = made.processor(tmp_path)
    kept = tmp_path / "bundle"
    kept.mkdir()
    made.save_processor(processor, kept)
    arrays, _ = made.collate(made.encode(rows, processor), processor)
    settings = json.loads(json.dumps(processor.settings()))
    given = {"input": made.model_dump(mode="json"), "folder": str(kept), "settings": settings, "rows": rows}
    done = subprocess.run(
        [sys.executable, "-c", _LEAN], input=json.dumps(given), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {name: value.tolist() for name, value in arrays.items()}


@pytest.mark.parametrize("kind", FROM_FILES)
def test_a_checkpoint_that_does_not_say_how_it_reads_is_refused(kind: str, tmp_path: Path) -> None:
    """Never a default constant: normalisation comes from the checkpoint or from the recipe."""
    with pytest.raises(InputError) as error:
        build(AXIS, kind).processor(tmp_path)  # type: ignore[attr-defined]
    assert UNSAID[kind] in str(error.value)
    (tmp_path / "tokenizer.json").write_text("{}")  # such as the starter's, which a recipe has that names no model
    with pytest.raises(InputError, match="reads texts") as error:
        build(AXIS, kind).processor(tmp_path)  # type: ignore[attr-defined]
    assert ("wav2vec 2.0" if kind == "speech" else "model={kind: timm") in error.value.fix


def test_views_of_a_picture(tmp_path: Path) -> None:
    """Plain and mirrored are mirror images; five crops are the middle and the corners of the picture, each different."""
    made, rows = case("image", tmp_path)
    processor = made.processor(tmp_path)
    seen = made.model_copy(update={"test_views": ["plain", "mirrored", "five_crops"]})
    for row, views in zip(made.encode(rows, processor), seen.views(rows, processor), strict=True):
        numbers = [view["pixel_values"] for view in views]
        assert [n.shape for n in numbers] == [(3, 16, 16)] * 7
        np.testing.assert_array_equal(numbers[0], row["pixel_values"])
        assert len({n.tobytes() for n in numbers[2:]}) == 5
    wide = save(picture(9, 32, 32), tmp_path / "square.png")
    (views,) = made.model_copy(update={"crop_ratio": 0.5, "test_views": ["mirrored", "five_crops"]}).views(
        [{"x": str(wide)}], made.model_copy(update={"crop_ratio": 0.5}).processor(tmp_path)
    )
    mirrored, middle, *corners = [view["pixel_values"] for view in views]
    np.testing.assert_array_equal(mirrored[:, :, ::-1], middle)
    whole = np.concatenate([np.concatenate(corners[:2], axis=2), np.concatenate(corners[2:], axis=2)], axis=1)
    expected = made.model_copy(update={"size": 32, "crop_ratio": 1.0})
    np.testing.assert_allclose(
        whole, expected.encode([{"x": str(wide)}], expected.processor(tmp_path))[0]["pixel_values"]
    )


@pytest.mark.parametrize("kind", FROM_FILES)
@pytest.mark.parametrize("most", [4, 9])
def test_parts_of_a_row_are_few_and_each_can_be_left_out(kind: str, most: int, tmp_path: Path) -> None:
    """Places are plain values; a row without a part is another row of the same shape; the row itself stays as it is."""
    made, rows = case(kind, tmp_path)
    processor = made.processor(tmp_path)
    for row in rows:
        read, _ = made.read_once(row, processor, changed=False)
        (before,) = (list(views) for views in made.views([read], processor))
        pieces = made.parts(read, processor, most)
        assert 1 <= len(pieces) <= most
        assert json.loads(json.dumps([p.place for p in pieces])) == [p.place for p in pieces]
        assert len({json.dumps(p.place) for p in pieces}) == len(pieces)
        changed = False
        for piece in pieces:
            (views,) = (list(views) for views in made.views([piece.without()], processor))
            assert len(views) == len(before)
            for one, other in zip(views, before, strict=True):
                name = next(n for n in one if not n.startswith("_"))
                assert one[name].shape == other[name].shape
                changed = changed or not np.array_equal(one[name], other[name])
        assert changed
        for one, other in zip(before, list(next(iter(made.views([row], processor)))), strict=True):
            for name, value in one.items():
                np.testing.assert_array_equal(value, other[name])


@pytest.mark.parametrize("kind", IN_GRAPH)
def test_what_a_graph_does_itself_is_what_the_whole_preprocessing_does(kind: str, tmp_path: Path) -> None:
    """Rows that are left unprocessed, through `graph`, are the rows that the network reads."""
    torch = pytest.importorskip("torch")
    made, rows = case(kind, tmp_path)
    whole = made.processor(tmp_path)
    raw = made.unprocessed(whole)
    assert raw is not None
    assert raw.fingerprint() == whole.fingerprint()  # the same settings; what differs is who does the work
    arrays, _ = made.collate(made.encode(rows, raw), raw)
    expected, _ = made.collate(made.encode(rows, whole), whole)
    with torch.inference_mode():
        found = made.graph(whole).eval()(**{name: torch.from_numpy(np.array(value)) for name, value in arrays.items()})
    assert found.keys() == expected.keys()
    assert arrays.keys() != expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name].numpy(), value, atol=2e-4, err_msg=name)
