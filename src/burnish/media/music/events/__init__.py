"""Tunes as event tokens, through MidiTok: their vocabulary, the order in which they may follow, and what they lose."""
