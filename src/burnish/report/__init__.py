"""What people look at: words, tables and pictures about a run."""
