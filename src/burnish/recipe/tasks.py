"""The names of tasks, as people search for them."""

from __future__ import annotations

TASKS: dict[str, tuple[str, str]] = {
    "text-classification": ("text", "label"),
    "multi-label-text-classification": ("text", "labels"),
    "text-regression": ("text", "score"),
    "token-classification": ("tokens", "tags"),
    "language-modeling": ("document", "next_token"),
    "masked-language-modeling": ("document", "masked_token"),
    "image-classification": ("image", "label"),
    "multi-label-image-classification": ("image", "labels"),
    "image-regression": ("image", "score"),
    "audio-classification": ("audio", "label"),
    "multi-label-audio-classification": ("audio", "labels"),
    "audio-regression": ("audio", "score"),
    "speech-recognition": ("speech", "transcript"),
    "midi-generation": ("music_file", "midi"),
    "music-from-text": ("caption", "music"),
    "instruction-tuning": ("chat", "response"),
    "music-generation": ("tune_caption", "tune"),
}
"""Task names to (input, target). The pairs are all that burnish knows; the names are those people search for."""
