"""A neuron as a table of the bytes at two lags: cells, the search for pairs, and chance."""
