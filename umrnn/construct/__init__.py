"""φ, events to numbers: weights written from counts of a corpus.

An **offset** d counts back from the predicted byte; group g of a shift register holds the byte at lag g, offset g + 1.
"""

from umrnn.construct.bigram import bigram
from umrnn.construct.carriers import compare_carriers
from umrnn.construct.compare import compare
from umrnn.construct.conjunctions import Base, conjunctions
from umrnn.construct.continuum import continuum
from umrnn.construct.halves import halves
from umrnn.construct.hashes import compare_hashes
from umrnn.construct.multi_offset import multi_offset
from umrnn.construct.predict import predict
from umrnn.construct.readout.gradient import Descent, descend, rates_falling
from umrnn.construct.readout.newton import newton
from umrnn.construct.readout.regression import Linear, Regression
from umrnn.construct.redux import redux
from umrnn.construct.register.carrier import Carrier
from umrnn.construct.register.codes import byte_codes
from umrnn.construct.register.counts import RegisterCounts, count_register
from umrnn.construct.register.normal_equations import normal_equations
from umrnn.construct.reverse import reverse
from umrnn.construct.shift_register import shift_register
from umrnn.construct.spectral import spectral
from umrnn.construct.state.growth import grow
from umrnn.construct.state.linear import linear_state
from umrnn.construct.study import Lesson
from umrnn.construct.substitute import substitute

__all__ = [
    "Base",
    "Carrier",
    "Descent",
    "Lesson",
    "Linear",
    "RegisterCounts",
    "Regression",
    "bigram",
    "byte_codes",
    "compare",
    "compare_carriers",
    "compare_hashes",
    "conjunctions",
    "continuum",
    "count_register",
    "descend",
    "grow",
    "halves",
    "linear_state",
    "multi_offset",
    "newton",
    "normal_equations",
    "predict",
    "rates_falling",
    "redux",
    "reverse",
    "shift_register",
    "spectral",
    "substitute",
]
