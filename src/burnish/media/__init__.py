"""What texts, pictures and sounds are, below what is done with them. No component lies here."""
