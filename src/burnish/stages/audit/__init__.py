"""The verb `audit`: a closer look at labelled rows, a review of them, and a new data set made of the review."""
