"""ABC files as rows, captions, prompts with and without headers, and which tunes are one."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.data.reading.places import given_splits
from burnish.data.reading.tables import read_parts
from burnish.data.settings import Data
from burnish.data.sources import Rows, Source
from burnish.inputs.tune_caption import TuneCaption
from burnish.media.chat.conversation import Conversation, Message
from burnish.media.music.abc import read, transposed
from burnish.media.music.abc.headers import AbcHeader, header_of, parted, tidied
from burnish.media.music.asked_tunes import AskedTune, asked_tune
from burnish.media.music.captions import caption_of, moved_caption
from burnish.media.music.families import families, terms_of, twins
from burnish.media.music.tune import Key
from burnish.targets.tune import Tune
from tests.tune_cases import JIG, TUNES

BROKEN = "X:9\nM:4/4\nL:1/4\nK:C\nCDE|CDEF#|]"


def pieces(path: Path) -> list[Rows]:
    source = build("burnish.data.sources", "abc")
    assert isinstance(source, Source)
    return list(source.read(path))


def test_a_file_of_tunes_is_rows(tmp_path: Path) -> None:
    path = tmp_path / "tunes.abc"
    path.write_text(f"A book of tunes\n\n{JIG}\n{TUNES['voices']}\n{BROKEN}\n", encoding="utf-8")
    (piece,) = pieces(path)
    assert piece.columns["abc"] == [JIG.strip(), TUNES["voices"].strip(), BROKEN]
    assert piece.columns["caption"] == [
        "A jig in D major, 6/8 time.",
        "A tune in G minor, 3/4 time.",
        "A tune in C major, 4/4 time.",
    ]
    assert piece.columns["title"] == ["The Test Bench", "Two", None]
    assert piece.columns["key"] == ["D major", "G minor", "C major"]
    assert piece.columns["meter"] == ["6/8", "3/4", "4/4"]
    assert piece.columns["kind"] == ["jig", None, None]
    assert piece.columns["line"] == [3, 13, 26]
    (note,) = piece.notes
    assert f"{path}: 2 of 3 tunes" in note  # the jig has a short first ending
    assert "begins on line 26: its line 5, character 9: '#' means nothing" in note


def test_folders_and_packed_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.abc").write_text(JIG.replace("Bench", "Bänk"), encoding="latin-1")
    with gzip.open(tmp_path / "b.abc.gz", "wt", encoding="utf-8") as file:
        file.write(TUNES["modes"])
    (table,) = read_parts(given_splits(Data(train=str(tmp_path))), cache=tmp_path / "cache").values()
    assert table.arrow["title"].to_pylist() == ["The Test Bänk", None]
    assert table.arrow["key"].to_pylist() == ["D major", "E dorian"]


@pytest.mark.parametrize("text", ["", "no tune\x00"])
def test_a_file_without_tunes_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.abc"
    path.write_text(text)
    with pytest.raises(InputError, match=r"no tune|NUL|empty"):
        pieces(path)


def test_tidied_tunes_sound_as_before() -> None:
    text = JIG.replace("R:jig", "R:jig\nS:a book\n% of tunes\nN:slow").replace("A3-A2:|\n", "A3-A2:|\\\nP:B\n")
    assert tidied(text) == JIG.strip()
    assert tidied(tidied(text)) == tidied(text)
    for name, tune in TUNES.items():
        assert read(tidied(tune)) == read(tune), name
    assert tidied("X:7\nK:C\nCDE\\\nFGA|\\\nK:D\nD|]") == "X:1\nK:C\nCDEFGA|\nK:D\nD|]"
    assert tidied("X:7\nK:C\nC# no|\n\nmore") == "X:1\nK:C\nC# no|\n\nmore"


@pytest.mark.parametrize(
    ("caption", "moved"),
    [
        ("A jig in D, 6/8 time.", "A jig in F#, 6/8 time."),
        ("a tune in D major", "a tune in F# major"),
        ('"A walk in D" in the key of D', '"A walk in D" in the key of F#'),
        ("In D: quick", "In F#: quick"),
        ("in Dm, or in E", "in Dm, or in E"),  # not its key
        ("a tune in December", "a tune in December"),
    ],
)
def test_captions_move_with_the_key(caption: str, moved: str) -> None:
    before, after = AbcHeader(key=Key(2), tonic="D"), AbcHeader(key=Key(6), tonic="F#")
    assert moved_caption(caption, before, after) == moved
    assert moved_caption(moved, after, before) == caption


def test_signs_and_modes_of_captions_stay_in_their_words() -> None:
    minor = AbcHeader(key=Key(10, "minor"), tonic="Bb"), AbcHeader(key=Key(1, "minor"), tonic="C#")
    assert moved_caption("in B flat minor", *minor) == "in C sharp minor"
    assert moved_caption("in B♭m", *minor) == "in C♯m"
    assert moved_caption("in Bb", *minor) == "in C#"
    assert moved_caption("in Bb major", *minor) == "in Bb major"


def test_captions_are_made_of_headers() -> None:
    assert caption_of(header_of("X:1\nR: Air\nM:C|\nK:F#m\n")) == "An air in F# minor, 2/2 time."
    assert caption_of(header_of("X:1\nM:none\nK:none\nC")) == "A tune."


@pytest.mark.parametrize("name", TUNES)
def test_prompts_with_a_header_and_without_hold_the_same(name: str) -> None:
    tune = AskedTune("play it", TUNES[name].strip())
    for headed in ("written", "given"):
        assert asked_tune(tune.conversation(headed)) == tune  # type: ignore[arg-type]
    asked, reply = tune.conversation("given").messages
    assert asked.content.startswith("play it\nX:")
    assert not reply.content.startswith("X:")
    assert asked.content.endswith(parted(tune.abc)[0])


def test_rows_of_tables_become_conversations() -> None:
    rows = [{"text": "a jig in D", "notes": JIG}]
    made, said = TuneCaption(columns={"caption": "text", "abc": "notes"}).for_table(list(rows[0]), rows)
    assert "captions and tunes in ABC" in said
    asked = Conversation.from_text(made.assembled(rows[0], "row 1"))
    assert [message.content for message in asked.messages] == ["a jig in D", JIG.strip()]
    plain, said = TuneCaption().for_table(["abc"], [{"abc": JIG}])
    assert "made of the headers" in said
    assert (
        Conversation.from_text(plain.assembled({"abc": JIG}, "")).messages[0].content == "A jig in D major, 6/8 time."
    )
    with pytest.raises(InputError, match="no column abc"):
        TuneCaption().for_table(["caption"], [])
    with pytest.raises(InputError, match="unknown part 'tune'"):
        TuneCaption(columns={"tune": "x"}).for_table(["x"], [])
    with pytest.raises(InputError, match="without a tune") as raised:
        plain.assembled({"abc": " "}, "x.csv, row 4")
    assert raised.value.place == "x.csv, row 4"


def test_what_asks_for_a_tune() -> None:
    written, given = TuneCaption(), TuneCaption(header="given")
    assert written.asked({"caption": " a waltz "}).messages == (Message("user", "a waltz"),)
    assert written.asked({"caption": "a waltz", "abc": JIG}) == written.asked({"caption": "a waltz"})
    assert written.asked({"messages": [{"role": "user", "content": "a waltz"}]}).messages[0].content == "a waltz"
    whole = AskedTune("a waltz", JIG.strip()).conversation("written").to_text()
    assert written.asked({"conversation": whole}) == written.asked({"caption": "a waltz"})
    header = "X:3\nM:3/4\nK:G"
    asked = given.asked({"caption": "a waltz", "header": header})
    assert asked.messages[0].content == "a waltz\nX:1\nM:3/4\nK:G"
    assert given.asked({"caption": "a waltz", "abc": f"{header}\nG3|]"}) == asked
    with pytest.raises(InputError, match="without the header"):
        given.asked({"caption": "a waltz"})
    assert written.lacking(["text"]) == ("caption",)
    assert written.lacking(["caption"]) == ()


def test_labels_are_whole_tunes_whoever_writes_the_header() -> None:
    tune = AskedTune("a jig", JIG.strip())
    for headed in ("written", "given"):
        cell = tune.conversation(headed).to_text()  # type: ignore[arg-type]
        target = Tune().learned([None, cell])
        assert target.header == headed
        assert target.truth(cell) == JIG.strip()


def test_families_are_near_copies_in_any_key() -> None:
    jig = JIG.strip()
    near = jig.replace("|B2", "|c2").replace("f/g/|", "g/f/|")
    far = TUNES["modes"]
    names = families([jig, transposed(jig, 5), near, far, "no tune", transposed(far, 3), "no tune"])
    assert names[0] == names[1] == names[2]
    assert names[3] == names[5] != names[0]
    assert names[4] == names[6]
    assert families([far])[0] == names[3]  # whatever else is there
    known = {number: terms_of(text) for number, text in enumerate([far, jig])}
    assert twins(known, {7: terms_of(transposed(jig, -4)), 8: terms_of(TUNES["tuplets"])}) == {7: 1}
