"""Every public function that takes a corpus takes the path of a file, or bytes, as well."""

import inspect
from pathlib import Path
from types import ModuleType

import pytest

from umrnn import construct, interpret, rnn, um
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Check, Null

ROOMS = (um, rnn, interpret, construct)


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__)
def test_public_functions__read_text(room: ModuleType) -> None:
    public = [getattr(room, name) for name in room.__all__]
    functions = [each for each in public if inspect.isfunction(each)]
    takes = [
        f for f in functions if any("Corpus" in str(p.annotation) for p in inspect.signature(f).parameters.values())
    ]
    assert takes
    assert [f.__name__ for f in takes if not hasattr(f, "__wrapped__")] == []


def test_path_and_bytes__give_what_the_corpus_gives(tmp_path: Path) -> None:
    path, check = tmp_path / "text", Check(null=Null(3))
    path.write_bytes(data := b"abcabdabeabcabd" * 9)
    tables = [
        um.skip_patterns(text, (1, 2), check=check).tables()
        for text in (str(path), path, data, bytearray(data), Corpus.from_bytes(data))
    ]
    assert all(table == tables[-1] for table in tables)
    assert construct.bigram(data, draws=1).headline() == construct.bigram(Corpus.from_bytes(data), draws=1).headline()
    survival = um.pattern_survival(data, b"xyz" * 50, tuples=[(1, 2)]).headline()
    assert survival["mean_rate"] == 0


def test_path_that_is_not_there__is_one_line() -> None:
    with pytest.raises(InputError, match="does not exist"):
        um.mutual_information("no such file")
