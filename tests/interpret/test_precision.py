"""Fewer bits: the published figures, single bits against their definition, the same figures for any threads."""

import numpy as np
import pytest

from tests.corpora import markov
from tests.naive import network, neurons
from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.precision import precision
from umrnn.interpret.rounding.representation import Representation, represented_bits, rounded_bits
from umrnn.progress import Work
from umrnn.rnn.weights import Elman

pytestmark = pytest.mark.needs_jit


def model_of(hidden, dtype=np.float64, scale=0.4):
    return Elman(**network.random_weights(256, hidden, scale=scale, dtype=dtype))


def test_precision__published_figures(reference):
    found = precision(rnn.load(reference / "sat-rnn-published.bin"), Corpus.siteinfo(), starts=1)
    head = found.headline()
    assert round(head["bpc"], 4) == round(head["bpc_float64"], 4) == 0.0792
    assert round(head["bpc_sign_readout"], 3) == 0.129
    assert round(head["bpc_sign_dynamics"], 2) == 12.08
    assert round(head["bpc_sign_exponent_dynamics"], 2) == 2.21
    weights = {(row.array, row.representation): row for row in found.weights}
    assert weights["W_y", "uniform 8"].delta_bpc < 0.001
    assert weights["W_h", "uniform 8"].delta_bpc > 0.5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bits", [0, 3])
def test_rounded_bits__are_the_definition(bits, dtype):
    model, corpus = model_of(3, dtype), markov(40)
    wide = {name: array.astype(np.float64) for name, array in model.arrays().items()}

    def score(states):
        return np.mean([neurons.read_out_bits(wide, h, int(y)) for h, y in zip(states, corpus.data[1:])])

    _, free = network.run(wide, corpus.data[:-1], np.zeros(3))
    cut = np.vectorize(lambda value: neurons.cut(value, bits))
    fed = neurons.run_rounded(wide, corpus.data[:-1], np.zeros(3), lambda value: neurons.cut(value, bits))
    for fed_back, states in ((False, cut(free)), (True, fed)):
        found = rounded_bits(model, corpus, mantissa_bits=bits, fed_back=fed_back)
        assert found == pytest.approx(score(states), abs=2e-5 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("fed_back", [False, True])
def test_rounded_bits__of_all_bits_are_the_loss(fed_back):
    """Also over the edge of a block."""
    model, corpus = model_of(4, np.float32), markov(9000)
    loss = rnn.bits_per_byte(model, corpus)
    assert rounded_bits(model, corpus, mantissa_bits=23, fed_back=fed_back) == pytest.approx(loss, abs=1e-12)
    assert rounded_bits(model, corpus, mantissa_bits=None, fed_back=fed_back) == pytest.approx(loss, abs=1e-12)


def test_represented_bits__continue_from_a_state():
    model, corpus = model_of(4, np.float32), markov(300)
    states = rnn.trace(model, corpus).states()
    later, kind = corpus.slice(100), Representation.float32()
    found = represented_bits(model, later, kind, fed_back=True, before=states[99])
    assert found == pytest.approx(rnn.trace(model, corpus).bits()[100:].mean(), abs=1e-12)


@pytest.mark.parametrize("scale", [0.05, 0.4, 40.0])
def test_leverage__is_the_divergence_of_a_flipped_bit(scale):
    model, corpus = model_of(3, np.float32), Corpus.from_bytes(b"abcd")
    W_y = (model.W_y * np.float32(scale)).astype(np.float32)
    model = Elman(model.W_x, model.W_h, model.b_h, W_y, model.b_y)
    found = {row.bit: row for row in precision(model, corpus, starts=0).leverage}
    assert [found[bit].part for bit in (31, 30, 23, 22, 0)] == ["sign", "exponent", "exponent", "mantissa", "mantissa"]
    states = rnn.trace(model, corpus).states()[:-1]
    wide = {name: array.astype(np.float64) for name, array in model.arrays().items()}
    for bit in (31, 30, 29, 25, 23, 22, 18):
        total, clipped = 0.0, 0
        for h in states:
            for j in range(3):
                changed = h.copy()
                changed[j : j + 1].view(np.uint32)[0] ^= np.uint32(1 << bit)
                if not abs(changed[j]) <= 1:
                    clipped += 1
                    changed[j] = -1 if np.signbit(changed[j]) else 1
                total += neurons.divergence(wide, h.astype(np.float64), changed.astype(np.float64))
        assert (found[bit].flipped, found[bit].clipped) == (9, clipped)
        assert found[bit].leverage_bits == pytest.approx(total / 9, rel=1e-6, abs=1e-15)


def test_leverage__of_lower_bits_falls_by_four():
    """A divergence is quadratic in a small change, and each bit is half the one above; down to 1e-17 bits."""
    found = [row.leverage_bits for row in precision(rnn.shipped(), Corpus.siteinfo(), starts=0).leverage][12:]
    np.testing.assert_allclose(np.array(found[:-1]) / found[1:], 4, rtol=1e-2)


def test_leverage__of_a_flip_to_infinity_is_clipped():
    """A state of exactly 1 has exponent 127: flipping the top exponent bit makes infinity."""
    zero = Elman.zeros(1, np.float32)
    saturated = Elman(zero.W_x, zero.W_h, np.full(1, 50, np.float32), zero.W_y + np.float32(0.1), zero.b_y)
    found = {row.bit: row for row in precision(saturated, Corpus.from_bytes(b"abc"), starts=0).leverage}
    assert (found[30].clipped, found[30].leverage_bits) == (2, 0)
    assert (found[0].clipped, found[31].clipped) == (2, 0)


def test_precision__does_not_depend_on_threads():
    found = [precision(model_of(20, np.float32), markov(200), starts=2, work=Work(n)) for n in (1, 2, 5)]
    for name in ("states", "weights", "leverage", "differences"):
        assert getattr(found[0], name) == getattr(found[1], name) == getattr(found[2], name)


def test_precision__spread_holds_the_figure():
    for row in precision(rnn.shipped(), Corpus.siteinfo(), starts=2).states:
        assert row.fed_back_min_bpc <= row.fed_back_bpc <= row.fed_back_max_bpc


def test_precision__of_a_float64_network_rounds_to_float32():
    model, corpus = model_of(3), markov(100)
    found = {row.representation: row for row in precision(model, corpus, starts=0).states}
    assert found["float64"].fed_back_bpc == pytest.approx(rnn.bits_per_byte(model, corpus), abs=1e-14)
    assert found["float64"].fed_back_delta_bpc == 0
    assert 0 < abs(found["float32"].read_out_delta_bpc) < 1e-6


def test_float_differences__are_the_difference_of_two_runs():
    model, corpus = model_of(5, np.float32), markov(120)
    rows = precision(model, corpus, starts=0).differences
    assert [row.step for row in rows] == [1, 2, 5, 10, 20, 50, 100]
    single, double = (rnn.trace(each, corpus).states() for each in (model, model.astype(np.float64)))
    assert rows[-1].max_abs_difference == np.abs(single[99] - double[99]).max()
    assert rows[-1].max_abs_difference > 0


@pytest.mark.parametrize(
    ("corpus", "starts", "message"),
    [(b"x", 0, "a corpus of one byte has nothing to predict"), (b"xy", -1, r"starts must be in \[0, 10000\], got -1")],
)
def test_precision__bad_input(corpus, starts, message):
    with pytest.raises(InputError, match=message):
        precision(Elman.zeros(2), Corpus.from_bytes(corpus), starts=starts)


def test_rounded_bits__bad_input():
    with pytest.raises(InputError, match=r"mantissa_bits must be in \[0, 23\], got 24"):
        rounded_bits(Elman.zeros(2), Corpus.siteinfo(), mantissa_bits=24, fed_back=True)
    with pytest.raises(InputError, match="a corpus of one byte"):
        rounded_bits(Elman.zeros(2), Corpus.from_bytes(b"x"), mantissa_bits=0, fed_back=True)
