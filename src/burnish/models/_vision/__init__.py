"""What image models of several libraries share."""
