"""Figures that were published, by the command that gives them: on ``siteinfo`` alone, and of the published network.

What the commands print besides is compared by ``tests.golden.record``, before and after code is moved.
"""

import json
import shlex
from typing import Any

import pytest

pytestmark = pytest.mark.needs_jit
COUNTED = {
    "patterns ngram --max-order 12 --permutations 0": {"patterns_total": "6180", "bpc": "0.0665"},
    "patterns skip --offsets 1,8,20,3 --permutations 0": {
        "offsets": "[1, 8, 20, 3]",
        "bits": "0.06927",
        "patterns": "712",
        "contexts": "691",
        "positions": "1004",
        "held_out_bpc": "2.204",
    },
    "patterns skip --greedy 8 --max-offset 30 --permutations 0": {
        "offsets": "[1, 8, 20, 3, 27, 2, 12, 7]",
        "bits": "0.04294",
        "patterns": "834",
    },
    "patterns skip --greedy 6 --max-offset 50 --permutations 0": {
        "offsets": "[1, 8, 45, 36, 48, 10]",
        "bits": "0.0",
        "patterns": "909",
    },
    "construct shift-register --permutations 0": {"distinct_codes": "170", "encoding_accuracy": "1.0"},
    "construct shift-register --bits 16 --groups 8 --permutations 0": {"distinct_codes": "253"},
    "construct continuum --permutations 0": {
        "bpc_log_ratio": "2.491",
        "bpc_pinv": "1.455",
        "bpc_pinv_gd20": "0.967",
        "bpc_pinv_gd500": "0.476",
        "bpc_zero_gd1000": "0.373",
    },
}
READ = {  # of the network that the source trained
    "eval --permutations 0": {"bpc": "0.0792"},
    "interpret factor-map --permutations 0": {"mean_r2": "0.857"},
    "interpret factor-map --lags 1,8,20,3,27,2,12,7 --permutations 0": {
        "mean_r2": "0.837",
        "neurons_r2_80": "120",
        "dominant_pair": "[1, 7]",
        "dominant_pair_neurons": "52",
        "bpc_from_map": "0.677",
        "loo_r2": "0.509",
    },
    "interpret boolean --permutations 0": {
        "bpc_float": "0.0792",
        "bpc_sign_readout": "0.129",
        "mean_margin": "1.307",
        "unique_sign_vectors": "983",
        "sign_agreement": "0.924",
    },
    "interpret knockout --permutations 0": {"top_neuron": "8", "top_delta_bpc": "0.0348"},
    "interpret gradient --permutations 0": {"top10_energy": "0.679", "growth_k8": "2.378"},
}


def rounded(found: Any, published: str) -> str:
    """``found`` with as many decimals as were published."""
    return f"{found:.{len(published.split('.')[1])}f}" if isinstance(found, float) else str(found)


def differing(umrnn: Any, line: str, figures: dict[str, str], *more: str) -> dict[str, str]:
    outcome = umrnn(*shlex.split(line), *more, "--format", "json")
    assert outcome.code == 0, outcome.err
    headline = json.loads(outcome.out)["headline"]
    found = {key: rounded(headline[key], published) for key, published in figures.items()}
    return {key: value for key, value in found.items() if value != figures[key]}


@pytest.mark.parametrize("line", COUNTED)
def test_published__counted_and_written(umrnn, line: str) -> None:
    assert differing(umrnn, line, COUNTED[line]) == {}


@pytest.mark.parametrize("line", READ)
def test_published__read(umrnn, reference, line: str) -> None:
    assert differing(umrnn, line, READ[line], "--model", str(reference / "sat-rnn-published.bin")) == {}
