"""A read-out without dynamics on the command line: scored by ``eval``, refused in one line where states are needed."""

import json
from pathlib import Path

import numpy as np
import pytest

from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.rnn.fitted import model_metadata
from umrnn.rnn.readout import Readout


@pytest.fixture
def file(tmp_path: Path) -> str:
    rng = np.random.default_rng(1)
    readout = Readout((1, 3), rng.standard_normal((2, 256, 2)), rng.standard_normal((256, 4)), np.zeros(256))
    about = model_metadata("", {}, [Corpus.siteinfo().slice(0, 512)])
    return str(rnn.save(readout, tmp_path / "r.npz", metadata=about))


@pytest.mark.needs_jit
def test_eval__scores_it_and_says_where(umrnn, file: str) -> None:
    for span, scored in ((":512", "in_sample"), ("512:", "held_out")):
        outcome = umrnn("eval", "--model", file, "--range", span, "--permutations", "2", "--format", "json")
        assert outcome.code == 0, outcome.err
        record = json.loads(outcome.out)
        assert record["headline"]["scored"] == scored
        assert record["headline"]["shuffled_bpc"] > 0
        assert record["provenance"]["model"]["offsets"] == [1, 3]


@pytest.mark.parametrize(
    "words",
    [
        ("interpret", "factor-map"),
        ("interpret", "boolean"),
        ("interpret", "knockout"),
        ("interpret", "gradient"),
        ("sample",),
    ],
)
def test_others__say_in_one_line_what_is_wrong(umrnn, file: str, words: tuple[str, ...]) -> None:
    outcome = umrnn(*words, "--model", file)
    assert (outcome.code, outcome.out) == (1, "")
    error, hint = outcome.err.splitlines()
    assert error.startswith(f"error: {file} holds a read-out of bytes at fixed offsets: it has no states")
    assert hint.startswith("hint: score it with: umrnn eval --model")


def test_convert__says_in_one_line_what_is_wrong(umrnn, file: str, tmp_path: Path) -> None:
    outcome = umrnn("convert", file, str(tmp_path / "out.bin"))
    assert outcome.code == 1
    assert "it has no states to interpret, sample from or convert" in outcome.err
    assert not (tmp_path / "out.bin").exists()
