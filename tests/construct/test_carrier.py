"""The shift register: its states are the network's, its codes come back, any size, bad input."""

import numpy as np
import pytest

from tests.corpora import small
from tests.naive import register as naive
from umrnn.construct.register.carrier import Carrier
from umrnn.construct.register.codes import DESIGNS
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.rnn import bits_per_byte, trace

pytestmark = pytest.mark.needs_jit
TEXT = Corpus.siteinfo()
SIZES = [(1, 1), (1, 8), (5, 3), (16, 8), (40, 2)]


def network(carrier, dtype=np.float64):
    zero = np.zeros((256, carrier.hidden))
    return carrier.elman(zero, zero[:, 0], dtype)


@pytest.mark.parametrize(("groups", "bits"), SIZES)
def test_states__are_those_of_the_network(groups, bits):
    carrier = Carrier.of("random", bits, groups)
    for dtype, bound in ((np.float64, 1e-15), (np.float32, 2e-7)):
        run = trace(network(carrier, dtype), TEXT).states()
        assert np.abs(carrier.states(TEXT, dtype=dtype) - run).max() <= bound
    np.testing.assert_allclose(
        carrier.states(TEXT, dtype=np.float64)[:60], naive.states(carrier.codes, groups, TEXT.data[:60]), atol=1e-15
    )


@pytest.mark.parametrize(("name", "corpus"), list(small()))
def test_signs__are_the_definition_on_any_bytes(name, corpus):
    carrier = Carrier.of("mixed", 3, 4)
    expected = naive.signs(carrier.codes, 4, corpus.data)
    assert np.array_equal(carrier.states(corpus, signs=True), expected)
    assert np.array_equal(np.sign(carrier.states(corpus)), expected)


def test_states__of_a_range_are_rows_of_the_whole_on_any_number_of_threads():
    long = Corpus.from_bytes(bytes(TEXT.data) * 40)  # three pieces of work
    carrier = Carrier.of()
    whole = carrier.states(long, threads=1)
    assert not whole.flags.writeable
    for start, stop in ((0, len(long)), (3, 20), (1000, 40000)):
        assert np.array_equal(carrier.states(long, start, stop, threads=3), whole[start:stop])


def test_tables__add_up_to_the_logits():
    carrier, rng = Carrier.of("mixed", 4, 3), np.random.default_rng(0)
    W = rng.standard_normal((7, 12))
    tables, states = carrier.tables(W), carrier.states(TEXT, dtype=np.float64)
    for t in (0, 1, 2, 500):
        np.testing.assert_allclose(naive.additive(tables, TEXT.data, t), W @ states[t], rtol=1e-12)
    signs = carrier.tables(W, signs=True)
    np.testing.assert_allclose(
        naive.additive(signs, TEXT.data, 9), W @ carrier.states(TEXT, signs=True, dtype=np.float64)[9], rtol=1e-12
    )


def test_elman__is_an_ordinary_network_with_few_weights():
    """2,048 input weights and 120 carries, all without data (EXPERIMENTS §23)."""
    carrier, rng = Carrier.of(), np.random.default_rng(1)
    W, b = rng.standard_normal((256, 128)), rng.standard_normal(256)
    model = carrier.elman(W, b)
    assert (np.count_nonzero(model.W_x), np.count_nonzero(model.W_h), model.dtype) == (2048, 120, np.float32)
    assert np.array_equal(model.W_y, W.astype(np.float32))
    logits = carrier.states(TEXT, dtype=np.float64)[:-1] @ W.T + b
    bits = (np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(1023), TEXT.data[1:]]) / np.log(2)
    assert bits_per_byte(carrier.elman(W, b, np.float64), TEXT) == pytest.approx(bits.mean(), rel=1e-12)


@pytest.mark.parametrize("design", DESIGNS)
def test_encoding__is_exact_for_every_design(design):
    carrier = Carrier.of(design)
    found = carrier.encoding(TEXT)
    assert (found.accuracy, found.positions) == (1.0, 1024)
    alone = len({carrier.codes[b].tobytes() for b in np.unique(TEXT.data)}) == 52
    assert (found.bytes_accuracy == 1.0) == alone


def test_encoding__collisions_cost_the_rarer_bytes():
    """Of 52 bytes of siteinfo 50 have a code of their own: '2' passes for 'e', 'm' and 'p' for the commoner one."""
    carrier, data = Carrier.of(groups=1), TEXT.data
    lost = min(np.sum(data == ord(b)) for b in "2e") + min(np.sum(data == ord(b)) for b in "mp")
    assert carrier.encoding(TEXT).bytes_accuracy == pytest.approx(1 - lost / 1024)


def test_encoding__of_one_byte():
    found = Carrier.of().encoding(Corpus.from_bytes(b"x"))
    assert (found.accuracy, found.bytes_accuracy, found.positions) == (1.0, 1.0, 1)


def test_encoding__looks_at_fewer_states_of_wide_networks():
    assert Carrier.of("mixed", 64, 16).encoding(Corpus.from_bytes(bytes(TEXT.data) * 5)).positions == 2048


def test_decode__tells_states_that_no_byte_has():
    carrier = Carrier.of("bits", 8, 2)
    states = carrier.states(TEXT, 5, 7).copy()
    assert carrier.decode(states, 5)[:, 0].tolist() == TEXT.data[5:7].tolist()
    assert carrier.decode(states, 5)[:, 1].tolist() == TEXT.data[4:6].tolist()
    two = Carrier.of("degenerate", 8, 2)
    assert two.decode(states, 5).min() == -1
    assert carrier.decode(carrier.states(TEXT, 0, 1)).tolist() == [[int(TEXT.data[0]), -2]]


@pytest.mark.parametrize(
    ("asked", "groups", "bits"),
    [
        ({}, 16, 8),
        ({"hash": "hybrid"}, 16, 16),
        ({"hidden": 256}, 32, 8),
        ({"hidden": 256, "bits": 16}, 16, 16),
        ({"hidden": 6, "groups": 2, "bits": 3}, 2, 3),
        ({"groups": 256}, 256, 8),
        ({"bits": 2048, "groups": 1}, 1, 2048),
    ],
)
def test_of__sizes(asked, groups, bits):
    carrier = Carrier.of(**asked)
    assert (carrier.groups, carrier.bits, carrier.hidden) == (groups, bits, groups * bits)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"hidden": 100}, "hidden must be groups x bits, got 100 for 12 x 8"),
        ({"hidden": 4}, "hidden must be groups x bits, got 4 for 1 x 8"),
        ({"hidden": 128, "groups": 15}, "hidden must be groups x bits, got 128 for 15 x 8"),
        ({"hidden": 0}, "hidden must be at least 1, got 0"),
        ({"groups": 0}, "groups must be at least 1, got 0"),
        ({"groups": 257}, "groups x bits must be at most 2048, got 257 x 8 = 2056"),
        ({"groups": 2, "bits": 2000}, "groups x bits must be at most 2048, got 2 x 2000 = 4000"),
    ],
)
def test_of__bad_input(asked, message):
    with pytest.raises(InputError, match=message):
        Carrier.of(**asked)


@pytest.mark.parametrize("codes", [np.ones((255, 2)), np.zeros((256, 2)), np.ones(256)])
def test_carrier__refuses_what_are_no_codes(codes):
    with pytest.raises(InputError, match=r"codes must be \(256, bits\) of -1 and \+1"):
        Carrier(codes, 3)


@pytest.mark.parametrize("span", [(5, 5), (-1, 3), (0, 1025)])
def test_states__bad_range(span):
    with pytest.raises(InputError, match=r"states must satisfy 0 <= start < stop <= 1024"):
        Carrier.of().states(TEXT, *span)
