"""The story on one corpus: one mechanism for all its steps, one meaning for each number, one screen."""

import numpy as np
import pytest

from umrnn.compressors import COMPRESSORS, compressed_bpc
from umrnn.corpus import Corpus
from umrnn.demo import Demo, demo
from umrnn.errors import InputError
from umrnn.nulls import Split
from umrnn.progress import Work
from umrnn.report.choice import Choice
from umrnn.report.table import to_text
from umrnn.rnn import Optimizer, Start, train
from umrnn.um.predict import held_out_bits

pytestmark = pytest.mark.needs_jit

STEPS = ["order 0", "n-grams", "skip patterns", "network", "factor map", "shift register", "grown"]


@pytest.fixture(scope="module")
def told() -> Demo:
    return demo(Corpus.siteinfo())


def test_story__has_every_step_with_its_three_scores(told) -> None:
    story = told.tables()["story"]
    assert [row[0] for row in story.rows] == STEPS
    assert all(0 < score < 9 for row in story.rows for score in row[2:5])
    assert {row.bytes_read for row in told.rows} == {512}


def test_story__and_orders_show_the_same_figures_of_the_longest_context(told) -> None:
    tables = told.tables()
    (ngrams,) = [row for row in tables["story"].rows if row[0] == "n-grams"]
    order, *scores = tables["orders"].rows[-1]
    assert ngrams[1] == f"last {order} bytes"
    assert list(ngrams[2:5]) == scores
    assert tables["orders"].columns[1:] == tables["story"].columns[2:5]


def test_story__is_fitted_to_the_first_half_alone(told) -> None:
    text, rows = Corpus.siteinfo(), {row.construction: row for row in told.rows}
    alone = train(text.slice(0, 512), Start(seed=0), Optimizer("adam", 400))
    assert rows["network"].bpc == alone.bpc
    assert rows["skip patterns"].detail == f"offsets {','.join(map(str, told.offsets))}"
    counted = Corpus.from_bytes(np.concatenate((text.data[:512], text.data[:512][::-1])))
    assert demo(counted).offsets == told.offsets  # of whatever follows
    assert rows["n-grams"].held_out_bpc == pytest.approx(held_out_bits(text, (1, 2, 3, 4, 5, 6), Split()))


def test_compressors__stand_under_no_held_out_score(told) -> None:
    tables = told.tables()
    assert not {row[0] for row in tables["story"].rows} & set(COMPRESSORS)
    assert tables["compressors"].columns == ("compressor", "compressed_bpc")
    assert dict(tables["compressors"].rows) == compressed_bpc(Corpus.siteinfo())
    assert told.headline()["gzip_bpc"] == dict(tables["compressors"].rows)["gzip"]


def test_story__is_told_on_one_screen_and_ends_with_a_sentence_per_step(told) -> None:
    """25 lines of 80 columns: figures, a row for each step, a sentence for each."""
    lines = to_text(told, {"story": told.tables()["story"]}, Choice(), 80).splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines if line[:1].isdigit()] == ["1.", "2.", "3.", "4.", "5."]
    rows = [line for line in lines if line.startswith(tuple(STEPS))]
    assert len(rows) == len(STEPS)


@pytest.mark.parametrize(
    "data", [b"a" * 16, b"ab" * 9, bytes(range(256)) + b"a", b"abbabaab" * 30], ids=["one", "few", "all", "two"]
)
def test_demo__tells_something_of_any_text(data: bytes) -> None:
    rows = demo(Corpus.from_bytes(data)).rows
    assert [row.construction for row in rows][:5] == STEPS[:5]
    assert all(np.isfinite(row.bpc) for row in rows)


def test_demo__of_too_short_a_text_is_refused() -> None:
    with pytest.raises(InputError, match="at least 16 bytes, got 15"):
        demo(Corpus.from_bytes(b"x" * 15))


def test_demo__gives_the_same_figures_on_any_number_of_threads() -> None:
    text = Corpus.siteinfo().slice(0, 120)
    one, two = ([(row.bpc, row.held_out_bpc, row.null_bpc) for row in demo(text, work=Work(n)).rows] for n in (1, 2))
    assert one == two
