"""States of any network on the command line: a row per byte, or per symbol of a vocabulary."""

import json
from pathlib import Path

import numpy as np
import pytest

from umrnn import rnn
from umrnn.corpus import Corpus

pytestmark = pytest.mark.needs_jit
RNG = np.random.default_rng(5)


@pytest.fixture
def brought(tmp_path: Path) -> Path:
    """A folder with a text of characters beyond ASCII, its vocabulary, and states of a row per symbol, and per byte."""
    text = "añb日" * 60
    (tmp_path / "text").write_bytes(text.encode())
    (tmp_path / "vocabulary.json").write_text(json.dumps(sorted(set(text))))
    np.save(tmp_path / "symbols.npy", RNG.normal(size=(len(text), 3)))
    np.save(tmp_path / "bytes.npy", RNG.normal(size=(len(text.encode()), 3)))
    return tmp_path


@pytest.mark.parametrize("command", ["factor-map --lags 0,1,2", "saturation", "memory --depth 2", "alignment"])
def test_commands__take_states(umrnn, brought: Path, command: str) -> None:
    words = [
        "interpret",
        *command.split(),
        "--permutations",
        "3",
        "--format",
        "json",
        "--corpus",
        str(brought / "text"),
    ]
    outcome = umrnn(*words, "--states", str(brought / "bytes.npy"))
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)["provenance"]
    assert found["model"]["name"] == str(brought / "bytes.npy")
    vocabulary = ("--alphabet", str(brought / "vocabulary.json"))
    outcome = umrnn(*words, "--states", str(brought / "symbols.npy"), *vocabulary)
    assert outcome.code == 0, outcome.err
    assert "is read as 240 symbols" in outcome.err
    outcome = umrnn(*words, "--states", str(brought / "symbols.npy"))
    assert outcome.code == 1
    assert "states must have one row per byte, got 240 rows for 420 bytes" in " ".join(outcome.err.split())
    assert umrnn(*words, *vocabulary).code == 2
    assert umrnn(*words, "--states", "h.npy", "--model", "m.npz").code == 2


def test_commands__of_what_states_cannot_give(umrnn) -> None:
    assert umrnn("interpret", "memory", "--states", "h.npy", "--horizon", "3").code == 2
    assert umrnn("interpret", "alignment", "--states", "h.npy", "--positions", "3").code == 2


def test_own_states__of_the_shipped_network(umrnn, tmp_path: Path) -> None:
    np.save(tmp_path / "h.npy", rnn.trace(rnn.shipped(), Corpus.siteinfo()).states())
    words = ("--states", str(tmp_path / "h.npy"), "--format", "json")
    memory = json.loads(umrnn("interpret", "memory", *words, "--depth", "3", "--permutations", "299").out)["headline"]
    assert memory["depth_conditional"] == 3
    alignment = json.loads(umrnn("interpret", "alignment", *words, "--permutations", "99").out)["headline"]
    assert alignment["rank_r"] > 5 * abs(alignment["null_rank_r"])
