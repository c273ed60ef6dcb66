"""Guards: shift registers against ReservoirPy, descent against PyTorch, closed forms against the clock.

    pytest benchmarks/bench_construct.py --benchmark-enable -s

Each comparison first asserts that both sides compute the same thing, then times them in turn in one run.
"""

import numpy as np
import pytest

from benchmarks.harness import generated_text, ratio, seconds
from umrnn.construct import Carrier, Lesson, Linear, Regression, count_register, descend, normal_equations
from umrnn.construct.register.closed_form import log_ratio
from umrnn.corpus import Corpus
from umrnn.rnn.blas import one_thread

GROUPS, BITS = 16, 8
STEPS, RATE = 100, 0.5
TEXT = Corpus.siteinfo()


def library(name: str):
    """The module, if it is installed; what it warns of on the way is its own affair."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name)


@pytest.mark.benchmark(group="carrier states")
@pytest.mark.filterwarnings("ignore")
def test_states__against_reservoirpy(benchmark) -> None:
    """128 units driven by a byte a step; ReservoirPy gets the same matrices, sparse, and the one-hot rows for free."""
    reservoirpy = library("reservoirpy")
    from reservoirpy.nodes import Reservoir
    from scipy.sparse import csr_matrix

    carrier = Carrier.of("mixed", BITS, GROUPS)
    zero = np.zeros((256, carrier.hidden))
    network = carrier.elman(zero, zero[:, 0], np.float64)
    reservoir = Reservoir(
        units=carrier.hidden,
        lr=1.0,
        W=csr_matrix(network.W_h),
        Win=csr_matrix(network.W_x),
        bias=np.zeros(carrier.hidden),
        dtype=np.float64,
    )
    text = Corpus.from_bytes(bytes(TEXT.data) * 8)
    rows = np.eye(256)[text.data]
    reservoir.initialize(rows[:1])

    def theirs() -> np.ndarray:
        reservoir.reset()
        return reservoir.run(rows)

    def ours() -> np.ndarray:
        return carrier.states(text, dtype=np.float64, threads=1)

    np.testing.assert_allclose(ours(), theirs(), rtol=0, atol=1e-12)
    named = f"ReservoirPy {reservoirpy.__version__}"
    assert ratio(benchmark, ours, theirs, named=named) >= 20


@pytest.mark.benchmark(group="full-batch gradient")
def test_descent__against_pytorch(benchmark) -> None:
    """The problem of the published descent: 1,006 states of 128 neurons, 256 outputs, from zero; one thread each."""
    torch = library("torch")
    carrier = Carrier.of("mixed", BITS, GROUPS)
    first, stop = GROUPS, len(TEXT) - 2
    states, targets = carrier.states(TEXT, first, stop), TEXT.data[first + 1 : stop + 1]
    shares = (np.bincount(TEXT.data, minlength=256) + 0.5) / (len(TEXT) + 128)
    start = Linear(np.zeros((256, carrier.hidden)), np.log(shares))
    torch.set_num_threads(1)
    x, y = torch.from_numpy(states.copy()), torch.from_numpy(targets.astype(np.int64))

    def theirs():
        W = torch.zeros((256, carrier.hidden), requires_grad=True)
        b = torch.from_numpy(start.b.astype(np.float32)).requires_grad_()
        sgd = torch.optim.SGD([W, b], lr=RATE)
        for _ in range(STEPS):
            sgd.zero_grad()
            torch.nn.functional.cross_entropy(torch.nn.functional.linear(x, W, b), y).backward()
            sgd.step()
        return W.detach().numpy()

    def ours():
        problem = Regression(states, targets, start, threads=1)
        return descend(problem, start, [RATE] * STEPS).weights.W

    np.testing.assert_allclose(ours(), theirs(), rtol=0, atol=2e-5)
    with one_thread():
        assert ratio(benchmark, ours, theirs, named=f"torch {torch.__version__}") >= 2.7


def closed_forms(corpus: Corpus) -> None:
    """Counting, log-ratio and pseudo-inverse of H = 128; scales are tuned elsewhere."""
    carrier, lesson = Carrier.of("mixed", BITS, GROUPS), Lesson.of(corpus)
    after_counting(count_register(lesson, GROUPS), carrier)


def after_counting(counts, carrier: Carrier) -> None:
    log_ratio(counts, carrier, 2.5)
    normal_equations(counts, carrier).solved(counts.marginal, 0.01)


@pytest.mark.benchmark(group="closed forms")
def test_closed_forms__of_a_long_corpus_take_less_than_a_second(benchmark) -> None:
    corpus = generated_text(1_600_000)
    closed_forms(corpus)  # compile
    benchmark.pedantic(closed_forms, (corpus,), rounds=3)
    spent = min(seconds(lambda: closed_forms(corpus)) for _ in range(3))
    print(f"\ncounting, log-ratio and pseudo-inverse of 1.6 MB: {spent:.3f} s")
    assert spent < 1


@pytest.mark.benchmark(group="closed forms")
def test_closed_forms__after_counting_do_not_see_the_length(benchmark) -> None:
    carrier = Carrier.of("mixed", BITS, GROUPS)
    short, long = (count_register(Lesson.of(corpus), GROUPS) for corpus in (TEXT, generated_text(2_000_000)))
    found = ratio(
        benchmark,
        lambda: after_counting(long, carrier),
        lambda: after_counting(short, carrier),
        named="the same after 1 KB",
    )
    assert found > 0.7  # 2 MB may cost 1.4 times as much by chance
