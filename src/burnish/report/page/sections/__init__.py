"""The sections of the page, each a file: a function from `Contents` to a `Section`, or None where there is nothing to show."""
