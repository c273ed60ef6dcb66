"""Networks with few weights: pruned, and trained sparse."""
