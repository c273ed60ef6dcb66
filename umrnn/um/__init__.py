"""EVENTS: bytes at offsets, their patterns and their counts.

An **offset** d counts back from the predicted byte: offset 1 is the byte just read. Information is in bits.
"""

from umrnn.um.bytes import byte_statistics
from umrnn.um.counts import OffsetCounts, offset_counts
from umrnn.um.information import mutual_information
from umrnn.um.listing import Listing
from umrnn.um.ngram import ngram_orders
from umrnn.um.patterns import Patterns
from umrnn.um.predict import held_out_bits
from umrnn.um.search import greedy_steps
from umrnn.um.skip import greedy_patterns, skip_patterns
from umrnn.um.survival import PUBLISHED_PAIRS, pattern_survival
from umrnn.um.synergy import pair_synergies
from umrnn.um.trie import backward_trie

__all__ = [
    "PUBLISHED_PAIRS",
    "Listing",
    "OffsetCounts",
    "Patterns",
    "backward_trie",
    "byte_statistics",
    "greedy_patterns",
    "greedy_steps",
    "held_out_bits",
    "mutual_information",
    "ngram_orders",
    "offset_counts",
    "pair_synergies",
    "pattern_survival",
    "skip_patterns",
]
