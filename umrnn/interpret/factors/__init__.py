"""A neuron as a table of the bytes at two lags: cells, the search for pairs, chance, votes on signs, and replay."""

from umrnn.interpret.factors.cells import CellMeans, Grouping
from umrnn.interpret.factors.chance import best_by_chance, rotations, shuffles
from umrnn.interpret.factors.features import feature_tables
from umrnn.interpret.factors.movement import Movement, movement
from umrnn.interpret.factors.pair_search import PairSearch
from umrnn.interpret.factors.replay import replayed_bpc
from umrnn.interpret.factors.votes import SignVotes, sign_votes

__all__ = [
    "CellMeans",
    "Grouping",
    "Movement",
    "PairSearch",
    "SignVotes",
    "best_by_chance",
    "feature_tables",
    "movement",
    "replayed_bpc",
    "rotations",
    "shuffles",
    "sign_votes",
]
