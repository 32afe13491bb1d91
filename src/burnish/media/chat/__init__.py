"""Conversations: read from rows, rendered to token ids by the checkpoint's own template, cut by turns, shown."""
