"""Training by plain keywords, as tests vary one thing at a time: sorted into the records that ``train`` takes."""

from dataclasses import fields
from typing import Any

from umrnn.corpus import Corpus
from umrnn.progress import Progress, Work
from umrnn.rnn.checkpoint import Saving
from umrnn.rnn.optimise import Optimizer
from umrnn.rnn.start import Start
from umrnn.rnn.train import Training
from umrnn.rnn.train import train as _train

NAMES = {"optimizer": "name", "initial": "network", "checkpoint": "path", "checkpoint_seconds": "every_seconds"}


def train(corpus: Corpus, *, held_out: float = 0.0, progress: Progress | None = None, **options: Any) -> Training:
    """As ``train(text, hidden=4, optimizer="adam", epochs=2, checkpoint=path)``."""
    given = {NAMES.get(name, name): value for name, value in options.items()}
    records = []
    for record in (Start, Optimizer, Saving):
        names = given.keys() & {field.name for field in fields(record)}
        records.append(record(**{name: given.pop(name) for name in names}))
    assert not given, f"no record has {given}"
    start, optimizer, saving = records
    work = Work() if progress is None else Work(progress=progress)
    return _train(corpus, start, optimizer, held_out=held_out, saving=saving, work=work)
