"""From a bundle to answers: what computes, the predictor, and rows that fail alone."""
