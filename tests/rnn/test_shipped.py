"""The network that ships is small, loads, scores what it should, and comes out again when made anew."""

from importlib.resources import files

import numpy as np
import pytest

from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.rnn.formats import describe

MODEL = files("umrnn.rnn").joinpath("data", "sat-rnn.npz")


def test_shipped__is_small_and_has_learnt_siteinfo() -> None:
    assert len(MODEL.read_bytes()) <= 350_000
    model = rnn.shipped()
    assert (model.hidden, model.dtype) == (128, np.float32)
    assert rnn.bits_per_byte(model, Corpus.siteinfo()) < 0.12


def test_shipped__says_how_it_was_made() -> None:
    facts = describe(str(MODEL)).metadata
    assert facts["command"] == "umrnn train"
    assert facts["seed"] == 42
    assert facts["corpus"]["sha256"] == Corpus.siteinfo().sha256
    parameters = facts["parameters"]
    assert (parameters["optimizer"], parameters["epochs"], parameters["bptt"]) == ("sgd", 4000, 50)


@pytest.mark.slow
@pytest.mark.needs_jit
def test_shipped__comes_out_again() -> None:
    again = rnn.train(Corpus.siteinfo())
    assert again.bpc < 0.12
    shipped = rnn.shipped()
    for name, least in {"W_x": 0.95, "W_y": 0.95}.items():
        pair = getattr(shipped, name).ravel(), getattr(again.model, name).ravel()
        assert np.corrcoef(*pair)[0, 1] >= least, name


@pytest.mark.needs_jit
def test_shipped__is_akin_to_the_published_one(reference) -> None:
    """Same recipe, same initial numbers: the published weights, entry by entry, up to the chaos of training."""
    published = rnn.load(reference / "sat-rnn-published.bin")
    assert rnn.bits_per_byte(published, Corpus.siteinfo()) == pytest.approx(0.0792, abs=5e-5)
    for name, least in {"W_x": 0.95, "W_y": 0.95, "W_h": 0.75}.items():
        pair = getattr(published, name).ravel(), getattr(rnn.shipped(), name).ravel()
        assert np.corrcoef(*pair)[0, 1] >= least, name
