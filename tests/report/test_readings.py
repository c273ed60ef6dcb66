"""Closing sentences say what the figures say, whichever way they fall."""

from typing import Any

import pytest

from umrnn.report.reading import Seen
from umrnn.report.readings import READINGS
from umrnn.result import Table

ROWS = ("construction", "detail", "bpc", "held_out_bpc", "null_bpc")


def written(own: float, held_out: float | None, null: float | None) -> Seen:
    """A network of three scores beside frequencies that cost 5 bits."""
    rows = [("order 0", "", 5.0, 5.0, 5.0), ("spectral", "4 neurons", own, held_out, null)]
    return Seen({}, {"constructions": Table.of(ROWS, rows)})


def says(kind: str, figures: dict[str, Any] | Seen, **tables: Table) -> str:
    seen = figures if isinstance(figures, Seen) else Seen(figures, tables)
    return " ".join(READINGS[kind].says(seen))


@pytest.mark.parametrize(
    ("scores", "said", "not_said"),
    [
        ((1.0, 3.0, 4.0), "2.00 below their frequencies", "by heart"),
        ((1.0, 5.5, 4.0), "learned this text by heart", "below their"),
        ((1.0, 3.0, 2.0), "75% of the way", "by heart"),
        ((1.0, 3.0, 5.2), "2.00 below", "Do not read"),
        ((1.0, None, None), "", "has not seen"),
    ],
)
def test_written_network(scores: tuple[float, float | None, float | None], said: str, not_said: str) -> None:
    text = says("StateNetwork", written(*scores))
    assert said in text
    assert not_said not in text


def test_constructions__the_best_held_out_is_named_and_the_best_in_sample_warned_of() -> None:
    rows = [("order 0", "", 5.0, 5.0, 5.0), ("a", "", 1.0, 6.0, 2.0), ("b", "x", 2.0, 3.0, 2.0)]
    text = says("Continuum", Seen({}, {"constructions": Table.of(ROWS, rows)}))
    assert text.startswith("On unseen bytes b, x does best: 3.00 bits a byte.")
    assert "a leads it with 1.00 and costs 6.00 on unseen bytes, more than their frequencies" in text
    rows = [(*row[:3], None, row[4]) for row in rows]
    assert "Nothing was held out" in says("Continuum", Seen({}, {"constructions": Table.of(ROWS, rows)}))


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"scored": "in_sample"}, "trained on these very bytes"),
        ({"scored": "overlaps", "fitted_share": 0.25}, "trained on 25% of these bytes"),
        ({"scored": "held_out"}, "has not seen these bytes"),
        ({"scored": "unknown"}, "may be in-sample"),
        ({"scored": "held_out", "bpc": 9.0, "order_0_bpc": 4.0, "shuffled_bpc": 9.0}, "worse than the frequencies"),
        ({"scored": "held_out", "bpc": 2.0, "gzip_bpc": 2.5, "xz_bpc": 3.0}, "less than gzip (2.50)"),
        ({"scored": "held_out", "bpc": 2.6, "gzip_bpc": 2.5, "xz_bpc": 3.0}, "more than gzip (2.50)"),
    ],
)
def test_evaluation(figures: dict[str, Any], said: str) -> None:
    assert said in says("Evaluation", figures)


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"lambda1_nats_per_step": 0.1, "standard_error": 0.01}, "chaotic"),
        ({"lambda1_nats_per_step": -0.1, "standard_error": 0.01}, "stable: small differences die out"),
        ({"lambda1_nats_per_step": 0.01, "standard_error": 0.01}, "neither stable nor chaotic"),
    ],
)
def test_lyapunov(figures: dict[str, Any], said: str) -> None:
    assert said in says("Lyapunov", figures)


GREEDY = {
    **{"offsets": [1, 9], "bits": 0.5, "held_out_bpc": 2.0, "order_0_held_out_bpc": 5.0, "null_bits": 4.0},
    **{"contexts": 10, "positions": 100, "best_held_out_offsets": [1, 9]},
    **{"significant_offsets": [1, 9], "half_agreement": 1.0},
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "of unseen bytes 2.00, 3.00 below their frequencies"),
        ({"held_out_bpc": 5.5}, " 0.500 more than their frequencies"),
        ({"offsets": []}, "No offset says more"),
        ({"significant_offsets": [1]}, "Chance does as well after 1"),
        ({"significant_offsets": []}, "Chance does as well after no step"),
        ({"best_held_out_offsets": [1]}, "of unseen bytes 1 alone predict more"),
        ({"best_held_out_offsets": []}, "None of them helps with unseen bytes"),
        ({"half_agreement": 0.5}, "agree on 50%"),
        ({"null_bits": 0.4}, "fit almost anything"),
    ],
)
def test_greedy(changed: dict[str, Any], said: str) -> None:
    assert said in says("GreedyPatterns", GREEDY | changed)
    plain = says("GreedyPatterns", GREEDY)
    assert said not in plain or not changed


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"aligned": 0.7, "permuted_aligned": 0.8, "p_value": 0.9}, "no evidence"),
        ({"aligned": 0.9, "permuted_aligned": 0.8, "p_value": 0.01}, "in 90% of cases"),
        ({"rank_r": 0.1, "rank_p_value": 0.2}, "which is no finding"),
        ({"rank_r": 0.4, "rank_p_value": 0.01}, "more than chance gives"),
    ],
)
def test_alignment(figures: dict[str, Any], said: str) -> None:
    text = says("Alignment", figures)
    assert said in text
    assert ("no evidence" in text) == (figures.get("p_value", 0) > 0.05)


@pytest.mark.parametrize(
    ("depth", "corrected", "said"),
    [(2, 2, "is 2 (of 2"), (1, 2, "a trace that can be found"), (0, 0, "No byte back moves")],
)
def test_memory(depth: int, corrected: int, said: str) -> None:
    offsets = Table.of(("offset",), [(1,), (2,)])
    text = says("Memory", {"effect_depth": depth, "depth_corrected": corrected}, offsets=offsets)
    assert said in text.replace("at least ", "")
    assert ("at least" in text) == (depth == 2)
