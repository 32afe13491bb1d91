"""audit.html: what an audit found, and a review to decide row by row, in one file that asks nobody for anything."""
