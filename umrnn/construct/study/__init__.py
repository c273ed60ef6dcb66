"""How a construction is tried honestly: what it may see, what it is scored on, and the row that comes of it."""

from umrnn.construct.study.fit import Fit, ModelFit
from umrnn.construct.study.holdout import Holdout
from umrnn.construct.study.lesson import Lesson
from umrnn.construct.study.row import Row, as_table, order_0
from umrnn.construct.study.study import Entry, Measured, Procedure, Study

__all__ = [
    "Entry",
    "Fit",
    "Holdout",
    "Lesson",
    "Measured",
    "ModelFit",
    "Procedure",
    "Row",
    "Study",
    "as_table",
    "order_0",
]
