"""Spectral networks and grown ones: what they reach on planted texts, their records, the networks they write."""

import numpy as np
import pytest

from tests.corpora import planted
from umrnn.construct.conjunctions import conjunctions, grown_network
from umrnn.construct.spectral import spectral, spectral_network
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null, Split
from umrnn.rnn.score import bits_after, bits_per_byte

pytestmark = pytest.mark.needs_jit

WRITERS = {"spectral": spectral, "conjunctions": conjunctions}


@pytest.fixture(scope="module")
def pairs() -> Corpus:
    """The next byte depends on the last two together, and on neither alone."""
    return planted(40_000, (1, 2), noise=0.05)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_network__gets_the_scores_that_are_said(write, pairs) -> None:
    found = write(pairs, 24, split=Split(0.75), null=Null(1))
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
    linear = spectral(corpus, 10, gain=0.1, null=Null(0)).rows[-1]
    grown = conjunctions(corpus, 40, null=Null(0)).rows[-1]
    right = 0.9 + 0.1 / 5
    noise = -right * np.log2(right) - (1 - right) * np.log2((1 - right) / 4)
    assert grown.held_out_bpc < noise + 0.1
    assert linear.held_out_bpc > noise + 0.6  # what sums of logits can do of sums modulo 5


def test_conjunctions__table_says_what_each_neuron_reads(pairs) -> None:
    table = conjunctions(pairs, 30, rounds=2, null=Null(0)).tables()["neurons"]
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
    table = spectral(corpus, 6, null=Null(0)).tables()["components"]
    assert {row[2] for row in table.rows} <= {1, 2, 3}
    assert table.rows[0][1] > 0.8


def test_register_base__grows_too(pairs) -> None:
    model, _, growth = grown_network(pairs.slice(0, 10_000), 40, base="register", base_neurons=16, rounds=2)
    assert model.hidden == 40
    assert np.count_nonzero(growth.model.W_h[:16, 16:]) == 0


@pytest.mark.parametrize("base", ["spectral", "register"])
def test_networks__same_bits_on_any_number_of_threads(base, pairs) -> None:
    one, two = (grown_network(pairs, 30, base=base, rounds=2, threads=n)[0] for n in (1, 2))
    assert one.sha256 == two.sha256


def test_spectral_network__same_bits_on_any_number_of_threads(pairs) -> None:
    assert spectral_network(pairs, 9, threads=1)[0].sha256 == spectral_network(pairs, 9, threads=2)[0].sha256


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_text__of_any_bytes(write) -> None:
    random = Corpus.from_bytes(np.random.default_rng(0).integers(0, 256, 3000).astype(np.uint8))
    found = write(random, 12, null=Null(0)).headline()
    assert abs(found["held_out_bpc"] - 8) < 1


@pytest.mark.parametrize(
    ("write", "corpus", "options", "message"),
    [
        (spectral, b"abcdefgh", {}, "longer than the window of 10 bytes, got 4"),
        (conjunctions, b"abcdefgh", {}, "longer than the window of 10 bytes, got 4"),
        (spectral, b"abc", {}, "at least three bytes, got 1 of 3"),
        (spectral, b"ab" * 40, {"hidden": 9}, "hidden must be at most 4 for 2 different bytes"),
        (spectral, b"ab" * 40, {"hidden": 2, "gain": 0.0}, "gain must be a finite number above 0"),
        (spectral, b"ab" * 40, {"hidden": 2, "past": 0}, "past must be at least 1"),
        (conjunctions, b"ab" * 40, {"base": "else"}, "base must be one of spectral, register, got else"),
        (conjunctions, b"ab" * 40, {"rounds": 0}, "rounds must be at least 1"),
        (conjunctions, b"ab" * 40, {"base_neurons": 200}, "hidden must be at most 4 for 2"),
    ],
)
def test_writers__say_what_does_not_fit(write, corpus, options, message) -> None:
    with pytest.raises(InputError, match=message):
        write(Corpus.from_bytes(corpus), **options)
