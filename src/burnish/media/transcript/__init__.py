"""What transcripts are: how they are normalised, compared with each other, and placed in their sound."""
