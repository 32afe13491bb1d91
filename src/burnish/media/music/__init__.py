"""Written music: tunes read from ABC, MIDI and MusicXML, written to them, judged, drawn and played."""
