"""The shift register: codes of bytes, the carrier that holds them, what is counted for it, and its read-outs."""

from umrnn.construct.register.carrier import Carrier, Encoding, sign_rows
from umrnn.construct.register.closed_fits import RIDGE, ClosedForms
from umrnn.construct.register.descents import DESCENT_BYTES, Descents, bounded_descents
from umrnn.construct.register.fit import RegisterFit, full_figures
from umrnn.construct.register.scorer import Span

__all__ = [
    "DESCENT_BYTES",
    "RIDGE",
    "Carrier",
    "ClosedForms",
    "Descents",
    "Encoding",
    "RegisterFit",
    "Span",
    "bounded_descents",
    "full_figures",
    "sign_rows",
]
