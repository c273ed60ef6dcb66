"""Spectral networks and grown ones: what they reach on planted texts, their records, the networks they write."""

import numpy as np
import pytest

from tests.corpora import planted
from umrnn.construct.conjunctions import Base, conjunctions
from umrnn.construct.spectral import spectral
from umrnn.construct.state.grown import GrownState
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Check, Null, Split
from umrnn.progress import Work
from umrnn.rnn.score import bits_after, bits_per_byte

pytestmark = pytest.mark.needs_jit

ALONE = Check(null=Null(0))
WRITERS = {"spectral": spectral, "conjunctions": conjunctions}


@pytest.fixture(scope="module")
def pairs() -> Corpus:
    """The next byte depends on the last two together, and on neither alone."""
    return planted(40_000, (1, 2), noise=0.05)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_network__gets_the_scores_that_are_said(write, pairs) -> None:
    found = write(pairs, 24, check=Check(Split(0.75), Null(1)))
    row = found.rows[-1]
    assert row.bpc == pytest.approx(bits_per_byte(found.model, pairs.slice(0, 30_000)))
    assert row.held_out_bpc == pytest.approx(bits_after(found.model, pairs, 30_000))
    assert row.bytes_read == 30_000
    assert found.provenance["parameters"]["held_out_from"] == 30_000
    assert abs(row.null_bpc - found.rows[0].bpc) < 0.02  # shuffled, only the shares are left


def test_conjunctions__find_what_no_linear_state_can() -> None:
    """Each byte stands in a Latin square under the last two: either alone says nothing, both say all but the noise."""
    rng = np.random.default_rng(2)
    first, second, third = (rng.permutation(5) for _ in range(3))
    symbols = rng.integers(0, 5, 40_000)
    for t in np.flatnonzero(rng.random(len(symbols)) < 0.9):
        if t > 1:
            symbols[t] = third[(first[symbols[t - 1]] + second[symbols[t - 2]]) % 5]
    corpus = Corpus.from_bytes((97 + symbols).astype(np.uint8))
    linear = spectral(corpus, 10, gain=0.1, check=ALONE).rows[-1]
    grown = conjunctions(corpus, 40, check=ALONE).rows[-1]
    right = 0.9 + 0.1 / 5
    noise = -right * np.log2(right) - (1 - right) * np.log2((1 - right) / 4)
    assert grown.held_out_bpc < noise + 0.1
    assert linear.held_out_bpc > noise + 0.6  # what sums of logits can do of sums modulo 5


def test_conjunctions__table_says_what_each_neuron_reads(pairs) -> None:
    table = conjunctions(pairs, 30, rounds=2, check=ALONE).tables()["neurons"]
    assert [row[0] for row in table.rows] == list(range(10, 30))
    assert {row[1] for row in table.rows} == {1, 2}
    strongest = table.rows[0]
    offset, r2, opened = strongest[5], strongest[6], strongest[4]
    assert offset == 2
    assert r2 > 0.5
    assert set(opened) <= set(range(97, 105))


def test_spectral__component_of_a_delayed_copy_looks_at_its_offset() -> None:
    """x[t] = x[t - 3], but for noise: the future depends on the bytes at offsets 1 to 3 alike, and on no other."""
    corpus = planted(20_000, (3,), noise=0.1)
    table = spectral(corpus, 6, check=ALONE).tables()["components"]
    assert {row[2] for row in table.rows} <= {1, 2, 3}
    assert table.rows[0][1] > 0.8


def test_register_base__grows_too(pairs) -> None:
    carrier = GrownState(40, Base("register", 16), rounds=2).written(pairs.slice(0, 10_000), Work()).carrier
    assert carrier.hidden == 40
    assert np.count_nonzero(carrier.W_h[:16, 16:]) == 0


@pytest.mark.parametrize("base", ["spectral", "register"])
def test_networks__same_bits_on_any_number_of_threads(base, pairs) -> None:
    state = GrownState(30, Base(base), rounds=2)
    one, two = (state.written(pairs, Work(n)).carrier for n in (1, 2))
    assert one.sha256 == two.sha256


@pytest.mark.parametrize(("write", "hidden"), [(spectral, 9), (conjunctions, 12)])
def test_networks__read_out_the_same_on_any_number_of_threads(write, hidden, pairs) -> None:
    one, two = (write(pairs, hidden, check=ALONE, work=Work(n)).model for n in (1, 2))
    assert one.sha256 == two.sha256


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_text__of_any_bytes(write) -> None:
    random = Corpus.from_bytes(np.random.default_rng(0).integers(0, 256, 3000).astype(np.uint8))
    found = write(random, 12, check=ALONE).headline()
    assert abs(found["held_out_bpc"] - 8) < 1


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("data", [b"ab" * 40, b"abbabaab" * 9, b"a" * 30 + b"b" * 30, b"a" * 60, b"abcdefgh"])
def test_defaults__fit_texts_of_few_bytes_and_say_what_they_became(write, data) -> None:
    found = write(Corpus.from_bytes(data))
    settings = found.provenance["parameters"]
    assert np.isfinite(found.headline()["held_out_bpc"])
    assert settings["hidden"] == found.model.hidden
    if write is spectral:
        past, future = settings["past"], settings["future"]
        symbols = len(set(data[: len(data) // 2]))
        assert found.model.hidden == min(past, future) * max(1, symbols - 1)
        detail = f"{found.model.hidden} neurons, {past} bytes before, {future} after"
    else:
        detail = f"{128 - settings['base_neurons']} on {settings['base_neurons']} spectral neurons"
    assert found.rows[-1].detail == detail


def test_defaults__a_given_window_is_kept() -> None:
    settings = spectral(Corpus.from_bytes(b"abcdefgh" * 2), past=5, check=ALONE).provenance["parameters"]
    assert (settings["past"], settings["future"]) == (5, 2)


@pytest.mark.parametrize(
    ("write", "corpus", "options", "message"),
    [
        (spectral, b"abcdefgh", {"past": 3, "future": 1}, "longer than the window of 4 bytes, got 4"),
        (spectral, b"abc", {}, "at least two bytes to count and one to score, got 0.5 of 3"),
        (spectral, b"abcd", {}, "longer than the window of 2 bytes, got 2"),
        (spectral, b"ab" * 40, {"hidden": 9}, "hidden must be at most 4 for 2 different bytes"),
        (spectral, b"ab" * 40, {"hidden": 2, "gain": 0.0}, "gain must be a finite number above 0"),
        (spectral, b"ab" * 40, {"hidden": 2, "gain": 1e308}, "gain must be at most 1e[+]06"),
        (spectral, b"ab" * 40, {"hidden": 2, "past": 0}, "past must be at least 1"),
        (conjunctions, b"abcd", {}, "longer than the window of 2 bytes, got 2"),
        (conjunctions, b"ab" * 40, {"rounds": 0}, "rounds must be at least 1"),
        (conjunctions, b"ab" * 40, {"base": Base(neurons=200)}, "hidden must be at most 4 for 2"),
        (conjunctions, b"ab" * 40, {"hidden": 2, "base": Base("register")}, "at least the 8 neurons to begin with"),
    ],
)
def test_writers__say_what_does_not_fit(write, corpus, options, message) -> None:
    with pytest.raises(InputError, match=message):
        write(Corpus.from_bytes(corpus), **options)


@pytest.mark.parametrize(("kind", "neurons", "message"), [("else", None, "base must be one of"), ("spectral", 0, "1")])
def test_base__says_what_does_not_fit(kind, neurons, message) -> None:
    with pytest.raises(InputError, match=message):
        Base(kind, neurons)
