"""Streaming: training rows from shards that are larger than memory and disk, in an order that is known before any is read."""
