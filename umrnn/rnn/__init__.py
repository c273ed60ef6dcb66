"""NUMBERS: weights, states and probabilities of a byte-level tanh network."""
