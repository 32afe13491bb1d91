"""The grammar of tunes: what it lets through is valid, and bars fill the meter whatever is chosen."""

from __future__ import annotations

import numpy as np
import pytest

from burnish.media.music.abc import problems
from burnish.media.music.grammar import DEAD, Automaton

HEAD = "X:1\nT:Of a test\nM:6/8\nL:1/8\nK:G\n"
WRITTEN = b"\n \"-/()[]<>^_=.~|:123468ACDSGPMKabdfgorz%,'\\"


def allows(text: str) -> bool:
    """Whether this is a whole tune of the grammar."""
    automaton = Automaton()
    number = automaton.read(text.encode())
    return number != DEAD and automaton.complete(number)


@pytest.fixture(scope="module")
def automaton() -> Automaton:
    return Automaton()


TUNES = [
    HEAD + "d2e fed|g3 B3||",
    HEAD + "D|GAB c2d|e3 d2:|",  # pickup and the bar that lacks it
    HEAD + "D|GAB c2d|e3 d2:|\n|:d|g2a b2g|a3 f2:|\n",
    HEAD + "GAB c2d|e3 d2||d|g2a b2g|a3 f2||",  # the first part owes what the second begins with
    HEAD + '"G"GAB "D7/f+"c2d|"(G)""Em"g6|]',
    HEAD + "(3GAB c2d2|(gab) (c'2b)|G6||",
    HEAD + "G>A B<c d2|[G2B2][ce]-[c3e3]|]",
    HEAD + "G2A-A2B|c6-|c6||",
    HEAD + "|:GAB cde|[1 g6:|[2 G6||",
    HEAD + "|:GAB cde|1 g6:|2 G6||",
    HEAD + "P:A\nGAB cde|g6||\nP:B\nM:3/4\nK:D\nd4 e2|f6|]",
    HEAD + "GAB c\\\nde|\n G,6|]\n",
    HEAD + "^F_B=c ~d2.e|!trill!d''3 z3||",
    "X:1\nM:C|\nL:1/4\nK:Bbdor\nB3/2c/ d2|B4||",
    "X:1\nM:2/4\nK:C\nc4 d4|e8||",  # without L: a sixteenth, as the meter is below 3/4
    "X:12\nT:\u00dcber allen Gipfeln\n% a remark\nQ:1/4=90\nM:4/4\nL:1/4\nK:Em\nEFGA|B4|]",
]


@pytest.mark.parametrize("tune", TUNES)
def test_tunes_that_are_allowed(tune: str) -> None:
    assert allows(tune)
    assert problems(tune) == []


@pytest.mark.parametrize(
    "tune",
    [
        HEAD + "d2e fed|g3 B2||",  # a bar that lacks an eighth, and no pickup that fills it
        HEAD + "d2e fed|g3 B4||",
        HEAD + "d2e fed|g3 B3|",  # no end
        HEAD + "d2e fed|g3 B3||d",
        HEAD + "D|GAB c2d|e3 d:|",
        HEAD + "GAB c2d|e3 d2||d2|g2a b2g|a3 f2||",
        HEAD + "G6|(3GAB c2d|G6||",
        HEAD + "G6|G>A2 Bcd|G6||",
        HEAD + "G6|[GB]7|G6||",
        HEAD + "G6-||",
        HEAD + "(GAB cde||",
        HEAD + '"G"|G6||',
        HEAD + "z-z5||",
        HEAD + "GAB cde|\n\nG6||",
        HEAD + "H6||",
        HEAD + "D:|\n",  # a field, and no note
        HEAD,
        "M:6/8\nK:G\nG6||",
        "X:1\nK:G\nG6||",
        "X:1\nM:6/8\nM:3/4\nK:G\nG6||",
        "X:1\nM:free\nK:G\nG6||",
        "X:1\nM:6/8\nK:H\nG6||",
    ],
)
def test_tunes_that_are_not(tune: str) -> None:
    assert not allows(tune)


@pytest.mark.parametrize("meter", ["6/8", "4/4", "3/4", "7/16", "C|"])
def test_whatever_is_chosen_leads_to_a_valid_tune(automaton: Automaton, meter: str) -> None:
    """Random bytes among those that are allowed: there is always one, and where a tune may end it is valid."""
    random, ended = np.random.default_rng(7), 0
    for _ in range(8):
        text = f"X:1\nM:{meter}\nL:1/8\nK:D\n"
        state = automaton.read(text.encode())
        for _ in range(70):
            allowed = [byte for byte in WRITTEN if automaton.after(state, byte) != DEAD]
            assert allowed, text
            likely = [byte for byte in allowed if chr(byte) in "|:]DFAd2\n"] or allowed
            byte = int(random.choice(likely if random.random() < 0.8 else allowed))
            text, state = text + chr(byte), automaton.after(state, byte)
            if automaton.complete(state) and text[-1] != " ":
                assert problems(text) == [], text
                ended += 1
    assert ended >= 3


def test_the_same_place_is_one_state(automaton: Automaton) -> None:
    one = automaton.read((HEAD + "G3 G3|A3").encode())
    other = automaton.read((HEAD + "GGG G3|A3").encode())
    assert one == other
    assert automaton.read((HEAD + "G3 G3|A2").encode()) != one


def test_texts_are_known_to_change_nothing(automaton: Automaton) -> None:
    title = automaton.read(b"X:1\nT:Of")
    assert ord("x") in automaton.endless(title)
    assert not automaton.endless(automaton.read(HEAD.encode()))
    assert all(automaton.after(title, byte) == title for byte in automaton.endless(title))
