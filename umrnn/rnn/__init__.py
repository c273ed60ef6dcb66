"""NUMBERS: weights, states and probabilities of a byte-level tanh network.

A **lag** counts back from the byte just read; the state h_t has read x_t. Loss is in bits per byte.
"""

from umrnn.rnn.checkpoint import Saving
from umrnn.rnn.convert import convert
from umrnn.rnn.drawn import draw
from umrnn.rnn.evaluate import evaluate, write_bits
from umrnn.rnn.formats import load, save
from umrnn.rnn.initial import initial
from umrnn.rnn.optimise import Optimizer
from umrnn.rnn.predictor import Predictor
from umrnn.rnn.readout import Readout
from umrnn.rnn.sample import sample
from umrnn.rnn.score import bits_per_byte
from umrnn.rnn.shipped import shipped
from umrnn.rnn.start import Start
from umrnn.rnn.trace import Trace, trace
from umrnn.rnn.train import Training, train
from umrnn.rnn.weights import Elman

__all__ = [
    "Elman",
    "Optimizer",
    "Predictor",
    "Readout",
    "Saving",
    "Start",
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
    "write_bits",
]
