"""Tunes in ABC for tests, written for them."""

from __future__ import annotations

import random

from burnish.media.music.abc import transposed

JIG = """X:1
T:The Test Bench
R:jig
M:6/8
L:1/8
Q:3/8=110
K:D
A|"D"d2f afd|"G"g3 "A7"e2c|"D"dAF "Em"EFG|"A"A3-A2:|
|:f/g/|"Bm"a2f def|"G"gfg b2g|[1 "A7"e>dc ABc|"D"d3-d:|[2 "A7"edc BAG|"D"F3-F2|]
"""

TUNES: dict[str, str] = {
    "jig": JIG,
    "accidentals": "X:2\nT:Sharps\nM:4/4\nL:1/4\nK:G\n^cc=ff|fc^gg|_B,B_bb|B^^fF__e|]\n",
    "octaves": "X:3\nM:4/4\nL:1/8\nK:F\nB,,C,DE fgab|c'd'^e'f' c''4|]\n",
    "flats": 'X:4\nM:3/4\nL:1/8\nK:Ebm\n"Ebm"e2 f2 =g2|"Cb"_c2 =d2 c2|"Abm/c+"A6|]\n',
    "tuplets": "X:5\nM:2/4\nL:1/8\nK:Am\n(3ABc (3cde|(5:4:5ABcde|(3A2B2c2|(2ab z|]\n",
    "broken": "X:6\nM:2/4\nL:1/8\nK:C\nc>d e<f|g>>a b<<c'|c>z [ce]>[df]|{a}b>{g}a c2|]\n",
    "ties": "X:7\nM:4/4\nL:1/4\nK:A\n^d2-d2-|d2 d2|[Ac]2-[Ac]2|[A-c]2[Ae]2|a4-|a4|]\n",
    "voices": (
        'X:8\nT:Two\nM:3/4\nL:1/4\nV:1 name="High"\nV:2 name="Low" clef=bass octave=-1\nK:Gm\n'
        "V:1\nGA^F|G3|]\nV:2\n%%MIDI program 42\nG3|G,3|]\n"
    ),
    "modes": "X:9\nM:4/4\nL:1/8\nK:E dor\nEFGA Bcde|[K:Bmix]d2=d2 a4|[K:C# lydian] c8|]\n",
    "written key": "X:10\nM:4/4\nL:1/4\nK:D exp ^f _b\nfcbe|]\n",
    "no key": "X:11\nM:none\nL:1/4\nK:none\n^F G _A B|c d e|]\n",
    "overlay": "X:12\nM:4/4\nL:1/4\nK:Bb\nB2 d2 & F4|_e2 =e2|]\n",
    "inline": "X:13\nM:4/4\nL:1/4\nQ:100\nK:F#m\nFGAB|[M:3/4] c^de|[L:1/8] fedcBA|[M:C|][Q:1/2=60]F8|]\n",
    "pipes": "X:14\nM:2/4\nL:1/8\nK:Hp\n{g}a>a {d}f2|cega|]\n",
}


def drawn_tune(seed: int, bars: int = 4) -> str:
    """A valid reel in one of four keys, drawn note by note."""
    draw = random.Random(seed)
    key = draw.choice(["C", "G", "D", "Am"])
    music = "|".join("".join(draw.choice("CDEFGABcdefg") for _ in range(8)) for _ in range(bars))
    return f"X:1\nR:reel\nM:4/4\nL:1/8\nK:{key}\n{music}|]"


def tune_rows(tunes: int = 24, keys: int = 1) -> list[dict[str, str]]:
    """Tunes with captions that name their key, each in as many keys."""
    rows = []
    for seed in range(tunes):
        for semitones in range(0, 2 * keys, 2):
            abc = transposed(drawn_tune(seed), semitones)
            key = abc.partition("K:")[2].partition("\n")[0]
            rows.append({"caption": f"reel {seed} in {key}", "abc": abc})
    return rows
