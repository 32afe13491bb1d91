"""How rows are dealt to splits."""
