"""φ, events to numbers: weights written from counts of a corpus.

An **offset** d counts back from the predicted byte; group g of a shift register holds the byte at lag g, offset g + 1.
"""

from umrnn.construct.descent import Descent, descend, newton, rates_falling
from umrnn.construct.predict import predict
from umrnn.construct.softmax import Regression, Weights
from umrnn.construct.substitute import substitute

__all__ = ["Descent", "Regression", "Weights", "descend", "newton", "predict", "rates_falling", "substitute"]
