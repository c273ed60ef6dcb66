"""Training: the recipe, its resumption bit for bit, and clear refusals."""

import math
import signal
import threading

import numpy as np
import pytest

from tests.corpora import independent
from tests.naive import network as naive
from tests.training import train
from umrnn.corpus import Corpus
from umrnn.errors import InputError, ModelError
from umrnn.nulls import Split
from umrnn.progress import Progress
from umrnn.rnn.formats import load
from umrnn.rnn.initial import initial
from umrnn.rnn.interrupt import deferred_interrupt
from umrnn.rnn.optimise import Optimizer, Recipe
from umrnn.rnn.score import bits_per_byte
from umrnn.rnn.trace import trace

pytestmark = pytest.mark.needs_jit

TEXT = Corpus.from_bytes(b"<namespace key='1' case='first-letter'>Talk</namespace>\n" * 4)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_train__is_the_definition(optimizer):
    """Three epochs in float64; the weights of the last, which has the lowest loss."""
    start = initial(6, seed=1, dtype=np.float64)
    result = train(
        TEXT, optimizer=optimizer, epochs=3, rate=0.01, bptt=20, initial=start, dtype=np.float64, checkpoint_seconds=1e9
    )
    weights = dict(start.arrays())
    if optimizer == "adam":
        weights = naive.adam(weights, TEXT.data, 20, 0.01, 5.0, 3)
    else:
        for epoch in range(3):
            rate = max(0.01 * 0.5 * (1 + math.cos(math.pi * epoch / 3)), 1e-4)
            weights, losses, norms = naive.sgd(weights, TEXT.data, 20, rate, 5.0)
        assert result.log[-1][1] == pytest.approx(sum(losses) / (len(TEXT) - 1) / math.log(2))
        assert result.log[-1][2:] == pytest.approx((rate, sum(norms) / len(norms)))
    for name in naive.NAMES:
        np.testing.assert_allclose(getattr(result.model, name), weights[name], atol=1e-10, err_msg=name)
    assert result.bpc == bits_per_byte(result.model, TEXT)


def test_train__says_what_it_did():
    result = train(TEXT, hidden=5, epochs=100, bptt=50)
    assert list(result.headline()) == ["bpc", "held_out_bpc", "epochs", "updates", "seconds", "bytes_per_second"]
    assert (result.epochs, result.updates) == (100, 100 * math.ceil((len(TEXT) - 1) / 50))
    assert result.bytes_per_second == pytest.approx(100 * (len(TEXT) - 1) / result.seconds)
    table = result.tables()["epochs"]
    assert table.columns == ("epoch", "bpc", "rate", "gradient_norm")
    assert len(table.rows) <= 40
    assert (table.rows[0][0], table.rows[-1][0]) == (1, 100)
    assert all(type(row[0]) is int for row in table.rows)
    assert result.provenance["seed"] == 42
    assert result.provenance["parameters"]["optimizer"] == "sgd"
    assert result.provenance["model"]["sha256"] == result.model.sha256


def test_train__gives_the_same_bits_again_and_in_a_thread():
    first, found = train(TEXT, hidden=7, epochs=5), []
    worker = threading.Thread(target=lambda: found.append(train(TEXT, hidden=7, epochs=5)))
    worker.start()
    worker.join()
    assert found[0].model.sha256 == first.model.sha256
    assert train(TEXT, hidden=7, epochs=5, seed=43).model.sha256 != first.model.sha256


@pytest.mark.parametrize(("length", "hidden", "bptt"), [(2, 1, 1), (2, 3, 50), (3, 2, 1), (120, 300, 50)])
def test_train__at_the_edges(length, hidden, bptt):
    result = train(TEXT.slice(0, length), hidden=hidden, epochs=2, bptt=bptt)
    assert result.model.hidden == hidden
    assert np.isfinite(result.bpc)


def test_train__keeps_the_epoch_of_the_best_score(monkeypatch):
    """Scores are given, all above the running loss, so that each epoch is scored."""
    options = {"hidden": 4, "optimizer": "adam"}
    scores = iter([100.0, 50.0, 60.0, 50.0])
    monkeypatch.setattr("umrnn.rnn.run.bits_per_byte", lambda model, corpus: next(scores))
    result = train(TEXT, epochs=4, **options)
    assert result.provenance["parameters"]["best_epoch"] == 2
    monkeypatch.undo()
    assert result.model.sha256 == train(TEXT, epochs=2, **options).model.sha256
    assert result.bpc == bits_per_byte(result.model, TEXT)


def test_train__on_a_long_corpus_goes_by_the_running_loss(monkeypatch):
    monkeypatch.setattr("umrnn.rnn.run._LARGEST_SCORED", 10)
    monkeypatch.setattr("umrnn.rnn.run.bits_per_byte", lambda model, corpus: pytest.fail("scored"))
    assert train(TEXT, hidden=4, epochs=3, optimizer="adam").provenance["parameters"]["best_epoch"] == 3


def test_train__reports_progress():
    class Recorder(Progress):
        total, done, epochs = 0.0, 0.0, []

        def start(self, task, total, unit=""):
            self.total = total

        def advance(self, amount, **figures):
            self.done += amount
            if figures:
                self.epochs.append(figures["epoch"])
                assert 0 < figures["bpc"] < 9

    recorder = Recorder()
    train(TEXT, hidden=3, epochs=4, progress=recorder)
    assert recorder.total == recorder.done == 4 * (len(TEXT) - 1)
    assert recorder.epochs == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": "momentum"}, "optimizer must be one of sgd, adam, got 'momentum'"),
        ({"epochs": 0}, r"epochs must be in \[1, 1000000000\], got 0"),
        ({"epochs": 99999999999999999999}, r"epochs must be in \[1, 1000000000\], got 99999999999999999999"),
        ({"rate": 0.0}, "rate must be a finite number above 0"),
        ({"rate": math.inf}, "rate must be a finite number above 0"),
        ({"bptt": 0}, r"bptt must be in \[1, 4096\], got 0"),
        ({"clip": -1.0}, "clip must be a finite number above 0"),
        ({"hidden": 0}, r"hidden must be in \[1, 2048\], got 0"),
        ({"hidden": 2049}, r"hidden must be in \[1, 2048\], got 2049"),
        ({"seed": -1}, "seed must be in"),
        ({"dtype": np.float16}, "dtype must be float32 or float64, got float16"),
        ({"resume": True}, "resume needs a checkpoint"),
        ({"checkpoint": "/nowhere/at/all.npz"}, "the directory /nowhere/at does not exist"),
        ({"checkpoint_seconds": 0.0}, "checkpoint_seconds must be a finite number above 0"),
    ],
)
def test_train__refuses(arguments, message):
    with pytest.raises(InputError, match=message):
        train(TEXT, **({"hidden": 2} | arguments))


def test_train__refuses_a_single_byte():
    with pytest.raises(InputError, match="a corpus of one byte has nothing to predict"):
        train(Corpus.from_bytes(b"x"), hidden=2)


@pytest.mark.parametrize("length", [10, 64, 1024, 1025])
@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.7, 0.9])
def test_train__holds_out_what_a_split_scores(length, fraction):
    corpus, split = Corpus.from_bytes(TEXT.data[np.arange(length) % len(TEXT)]), Split(fraction)
    if split.boundary(length) < 2:
        return
    trained = train(corpus, hidden=1, epochs=1, held_out=1 - fraction).provenance["corpus"]
    assert (trained["start"], trained["stop"]) == (0, split.boundary(length))


def test_train__held_out_is_a_share_of_the_end():
    corpus = Corpus.from_bytes(TEXT.data[np.arange(1025) % len(TEXT)])
    result = train(corpus, hidden=1, epochs=1, held_out=0.5)
    assert result.provenance["corpus"]["stop"] == 512
    assert train(corpus, hidden=1, epochs=1).held_out_bpc is None
    tail = trace(result.model, corpus).bits()[511:]
    assert result.held_out_bpc == pytest.approx(tail.mean(), rel=1e-12)


@pytest.mark.parametrize(("held_out", "left"), [(0.9, 1), (0.95, 0), (1 - 1e-14, 0)])
def test_train__refuses_to_hold_out_nearly_all(held_out, left):
    with pytest.raises(InputError, match=f"at least two bytes to train on, got .* of 10 bytes, which leaves {left}$"):
        train(TEXT.slice(0, 10), hidden=2, held_out=held_out)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_train__holds_at_zero_what_is_not_kept(optimizer):
    rng = np.random.default_rng(2)
    kept = {"W_h": rng.random((6, 6)) < 0.4, "W_x": rng.random((6, 256)) < 0.5}
    model = train(TEXT, hidden=6, epochs=3, bptt=9, optimizer=optimizer, kept=kept).model
    for name, mask in kept.items():
        assert (model.arrays()[name][~mask] == 0).all()
        assert (model.arrays()[name][mask] != 0).all()
    assert (model.W_y != 0).all()


def test_train__with_all_kept_is_training():
    plain = train(TEXT, hidden=5, epochs=3)
    whole = train(TEXT, hidden=5, epochs=3, kept={"W_h": np.ones((5, 5), int), "W_y": np.ones((256, 5), bool)})
    assert whole.model.sha256 == plain.model.sha256
    assert plain.provenance["parameters"]["kept"] is None
    assert len(whole.provenance["parameters"]["kept"]) == 64


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        ({"W_z": np.ones(3)}, "kept must name arrays among W_x, W_h, b_h, W_y, b_y, got W_z"),
        ({"W_h": np.ones((5, 4))}, r"kept\['W_h'\] must be \(5, 5\) of 0 and 1, got float64 of shape \(5, 4\)"),
        ({"W_h": np.full((5, 5), 0.5)}, "of 0 and 1"),
        ({"b_h": [np.nan] * 5}, "of 0 and 1"),
    ],
)
def test_train__refuses_what_cannot_be_kept(kept, message):
    with pytest.raises(InputError, match=message):
        train(TEXT, hidden=5, epochs=1, kept=kept)


def test_resume__wants_the_same_weights_kept(tmp_path):
    path, kept = tmp_path / "run.npz", {"W_h": np.eye(5)}
    first = train(TEXT, hidden=5, epochs=2, kept=kept, checkpoint=path)
    assert train(TEXT, hidden=5, epochs=2, kept=kept, checkpoint=path, resume=True).model.sha256 == first.model.sha256
    with pytest.raises(ModelError, match="was made with"):
        train(TEXT, hidden=5, epochs=2, kept={"W_h": 1 - np.eye(5)}, checkpoint=path, resume=True)
    with pytest.raises(ModelError, match="was made with"):
        train(TEXT, hidden=5, epochs=2, checkpoint=path, resume=True)


def test_train__survives_a_clock_that_stands_still(monkeypatch):
    monkeypatch.setattr("umrnn.rnn.run.time.perf_counter", lambda: 0.0)
    result = train(TEXT, hidden=2, epochs=1)
    assert (result.seconds, result.bytes_per_second) == (0.0, None)


def test_train__says_when_it_diverges():
    with pytest.raises(InputError, match="training diverged in epoch") as caught:
        train(TEXT, hidden=2, epochs=50, rate=1e38, clip=1e30)
    assert caught.value.hint == "try a rate below 1e+38"


def test_recipe__lowers_the_rate_along_a_cosine():
    recipe = Recipe.checked(Optimizer("sgd"), 128, dtype="float32", initial="")
    assert (recipe.epochs, recipe.rate_at(0), recipe.rate_at(2000), recipe.rate_at(3999)) == (
        4000,
        0.01,
        pytest.approx(0.005),
        1e-4,
    )
    adam = Recipe.checked(Optimizer("adam"), 128, dtype="float32", initial="")
    assert (adam.epochs, adam.rate_at(0), adam.rate_at(399)) == (400, 1e-3, 1e-3)


def test_interrupt__waits_for_a_safe_point(interruptible):
    reached = []

    def work():
        with deferred_interrupt() as deliver:
            deliver()
            signal.raise_signal(signal.SIGINT)
            reached.append("after the signal")
            deliver()
            reached.append("never")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached == ["after the signal"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_adam__learns_siteinfo_in_400_epochs():
    result = train(Corpus.siteinfo(), optimizer="adam")
    assert result.bpc < 0.08


@pytest.mark.slow
def test_sgd__finds_the_published_model_again(reference):
    """The recipe, the seed and the generator of the published trainer lead to nearly its weights."""
    result = train(Corpus.siteinfo())
    assert result.bpc < 0.12
    published = load(reference / "sat-rnn-published.bin")
    for name, least in (("W_x", 0.95), ("W_h", 0.75), ("W_y", 0.95)):
        found, expected = getattr(result.model, name).ravel(), getattr(published, name).ravel()
        assert np.corrcoef(found, expected)[0, 1] > least, name


def test_train__ends_with_the_time_in_the_middle_of_an_epoch(tmp_path) -> None:
    """The run ends after its first chunks, keeps what it has, and comes to the same bits when resumed."""
    corpus, path = independent(200_000), tmp_path / "state"
    limited = train(corpus, hidden=4, optimizer="adam", epochs=2, seconds=1e-9, checkpoint=path)
    assert limited.epochs == 0
    assert 0 < limited.updates < 4000
    assert limited.model.sha256 != initial(4).sha256
    assert limited.provenance["parameters"]["seconds"] == 1e-9
    whole = train(corpus, hidden=4, optimizer="adam", epochs=2)
    resumed = train(corpus, hidden=4, optimizer="adam", epochs=2, checkpoint=path, resume=True)
    assert resumed.model.sha256 == whole.model.sha256
    assert resumed.epochs == 2


def test_train__time_to_spare_changes_nothing() -> None:
    corpus = Corpus.siteinfo()
    plain = train(corpus, hidden=4, epochs=2)
    assert train(corpus, hidden=4, epochs=2, seconds=1000.0).model.sha256 == plain.model.sha256


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_train__seconds_must_be_positive(seconds: float) -> None:
    with pytest.raises(InputError, match="seconds must be a finite number above 0"):
        train(Corpus.siteinfo(), hidden=4, epochs=1, seconds=seconds)
