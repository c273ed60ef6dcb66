"""Spread of predictions between groups of contexts. N = contexts, V = outcomes, G = groups, S = strata of groups."""

import numpy as np

from umrnn._jit import kernel

__all__ = ["spread_between_groups"]


@kernel(fast=True)
def spread_between_groups(p, label, size, stratum, means, centres, out):
    """out[0] = mean over groups of |group mean - mean of the group means of its stratum|².

    p (N, V); label (N,) int64, the group of each row; size (G,) float64, rows of each; stratum (G,) int64; means (G, V)
    and centres (S, V) float64 become the means of groups and of their means. out (1,) float64.
    """
    means[:] = 0
    for i in range(p.shape[0]):
        own = np.uint64(label[i])  # not negative: no wrap-around to check, so that the loop runs side by side
        for v in range(p.shape[1]):
            means[own, v] += p[i, v]
    centres[:] = 0
    members = np.zeros(centres.shape[0])
    for g in range(means.shape[0]):
        own = np.uint64(stratum[g])
        members[own] += 1
        for v in range(means.shape[1]):
            means[g, v] /= size[g]
            centres[own, v] += means[g, v]
    total = 0.0
    for g in range(means.shape[0]):
        own = np.uint64(stratum[g])
        for v in range(means.shape[1]):
            difference = means[g, v] - centres[own, v] / members[own]
            total += difference * difference
    out[0] = total / means.shape[0]
