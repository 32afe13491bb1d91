"""Targets: what comes out. One file each. Whoever turns truth into numbers turns logits into answers.

A target also knows what its answers mean: where it can (`Judged`, `Named`, `Confident`), evaluation asks it for the usual
answer, for what is counted as right, and for how wrong an answer is, and has no case for any one target.
"""

from __future__ import annotations

from burnish.targets._answers import Classes, Decoded, Mistakes, Outcome, Usual, Wrong
from burnish.targets._asking import (
    abstains,
    classes_of,
    fits,
    is_exclusive,
    linear_of,
    may_abstain,
    mistakes_of,
    names_of,
    packed,
    same,
    shows_truth,
    target_class,
    target_of,
)
from burnish.targets._calibrators import Calibrator, Isotonic, Steps, VectorScaling
from burnish.targets._capabilities import (
    BeyondFloat16,
    ByCheckpoint,
    Confident,
    Divided,
    Filed,
    Generative,
    Judged,
    Musical,
    Named,
    OverVocabulary,
    Recognised,
    Redrawn,
    Scored,
    Sounded,
    Standalone,
    Veiled,
)
from burnish.targets._covering import (
    INTERVAL,
    PREDICTION_SET,
    Covering,
    PredictionInterval,
    PredictionSets,
    covers,
    region_of,
)
from burnish.targets._deciding import Costs, cost_matrix
from burnish.targets._label_calibrators import EachIsotonic, SigmoidScaling, log_odds
from burnish.targets._probable import UNCALIBRATED, Probable
from burnish.targets._target import Target
from burnish.targets._taught import Taught
from burnish.targets._timed import Timed
from burnish.targets._transcripts import Transcribed

__all__ = [
    "INTERVAL",
    "PREDICTION_SET",
    "UNCALIBRATED",
    "BeyondFloat16",
    "ByCheckpoint",
    "Calibrator",
    "Classes",
    "Confident",
    "Costs",
    "Covering",
    "Decoded",
    "Divided",
    "EachIsotonic",
    "Filed",
    "Generative",
    "Isotonic",
    "Judged",
    "Mistakes",
    "Musical",
    "Named",
    "Outcome",
    "OverVocabulary",
    "PredictionInterval",
    "PredictionSets",
    "Probable",
    "Recognised",
    "Redrawn",
    "Scored",
    "SigmoidScaling",
    "Sounded",
    "Standalone",
    "Steps",
    "Target",
    "Taught",
    "Timed",
    "Transcribed",
    "Usual",
    "VectorScaling",
    "Veiled",
    "Wrong",
    "abstains",
    "classes_of",
    "cost_matrix",
    "covers",
    "fits",
    "is_exclusive",
    "linear_of",
    "log_odds",
    "may_abstain",
    "mistakes_of",
    "names_of",
    "packed",
    "region_of",
    "same",
    "shows_truth",
    "target_class",
    "target_of",
]
