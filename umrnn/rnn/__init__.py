"""NUMBERS: weights, states and probabilities of a byte-level tanh network.

A **lag** counts back from the byte just read; the state h_t has read x_t. Loss is in bits per byte.
"""

from umrnn.rnn.convert import convert
from umrnn.rnn.drawn import draw
from umrnn.rnn.evaluate import bits_per_byte, evaluate
from umrnn.rnn.formats import load, save
from umrnn.rnn.initial import initial
from umrnn.rnn.readout import Readout
from umrnn.rnn.sample import sample
from umrnn.rnn.shipped import shipped
from umrnn.rnn.trace import Trace, trace
from umrnn.rnn.train import Training, train
from umrnn.rnn.weights import Elman

__all__ = [
    "Elman",
    "Readout",
    "Trace",
    "Training",
    "bits_per_byte",
    "convert",
    "draw",
    "evaluate",
    "initial",
    "load",
    "sample",
    "save",
    "shipped",
    "trace",
    "train",
]
