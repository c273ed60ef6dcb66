"""How a person reads what was written from counts."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from umrnn.report.figures import percent, plain, three
from umrnn.report.reading import Reading, Seen, View
from umrnn.report.readings.words import bits, earned, how_scored

__all__ = ["WRITING"]

_HONEST = View(("construction", "detail", "held_out_bpc", "bpc", "null_bpc"), rows=12, bar="held_out_bpc")
_ROWS = replace(_HONEST, columns=(*_HONEST.columns, "published_bpc"))
_DRAWS = View(("detail", "draws", "held_out_bpc_min", "held_out_bpc_median", "held_out_bpc_max", "bpc_median"))
_THREE = {
    "held_out_bpc": "bits per byte, on bytes it was not fitted to",
    "bpc": "in-sample",
    "null_bpc": "in-sample, fitted to shuffled targets",
    "order_0_held_out_bpc": "frequencies alone, held out",
}


def _one(who: str, construction: str) -> Callable[[Seen], Iterator[str]]:
    """The sentences of a result that wrote one network."""
    return lambda seen: earned(seen, who, construction)


def _best(seen: Seen) -> Iterator[str]:
    """The best row of ``constructions`` on unseen bytes, and the best in-sample where that is another."""
    rows = [row for row in seen.rows("constructions") if row["held_out_bpc"] is not None]
    if not rows:
        yield "Nothing was held out, so the table says how well each learns this text by heart and no more."
        return
    best, order_0 = min(rows, key=lambda row: row["held_out_bpc"]), rows[0]
    yield f"On unseen bytes {_called(best)} does best: {bits(best['held_out_bpc'])} a byte."
    boldest = min((row for row in rows if row["bpc"] is not None), key=lambda row: row["bpc"], default=best)
    if boldest is not best:
        worse = order_0["construction"] == "order 0" and boldest["held_out_bpc"] > order_0["held_out_bpc"]
        yield (
            f"Do not choose by the in-sample column: {_called(boldest)} leads it with {three(boldest['bpc'])} "
            f"and costs "
            f"{three(boldest['held_out_bpc'])} on unseen bytes{', more than their frequencies' if worse else ''}."
        )


def _called(row: dict[str, object]) -> str:
    return ", ".join(str(row[name]) for name in ("construction", "detail") if row.get(name))


def _compare(seen: Seen) -> Iterator[str]:
    if seen.has("best_held_out_bpc"):
        yield (
            f"Of what was written, {seen['best_construction']} predicts unseen bytes best: "
            f"{bits(seen['best_held_out_bpc'])} a byte."
        )
    for key, name in (("best_counting_held_out_bpc", "contexts counted"), ("best_trained_held_out_bpc", "training")):
        if seen.has(key, "best_held_out_bpc"):
            word = "better" if seen[key] < seen["best_held_out_bpc"] else "no better"
            yield f"The best of {name} is {word}: {three(seen[key])}."
    if seen.has("held_out_targets") and seen["held_out_targets"] < 10_000:
        yield (
            f"{seen['held_out_targets']} bytes were held out: differences of a few hundredths between rows are "
            f"luck; on "
            "longer text the order can turn."
        )


def _halves(seen: Seen) -> Iterator[str]:
    if seen.has("gradient_on_all_test", "gradient_test"):
        yield (
            f"Fitted on the first half, gradient steps cost {bits(seen['gradient_test'])} a byte on the second; "
            f"fitted on "
            f"both, {three(seen['gradient_on_all_test'])}: the difference is what scoring the bytes fitted to hides."
        )
    tests = {
        name.removesuffix("_test"): seen[name] for name in seen.figures if name.endswith("_test") and seen.has(name)
    }
    honest = {name: value for name, value in tests.items() if "_on_" not in name}
    if "order_0" in honest and (lost := [n for n, v in honest.items() if n != "order_0" and v > honest["order_0"]]):
        yield f"{plain(lost)} cost more than the frequencies of the bytes ({three(honest['order_0'])})."


def _predict(seen: Seen) -> Iterator[str]:
    yield (
        f"Weights estimated from the network's own states correlate with its W_h at r = {three(seen['hebbian_r'])} "
        f"({three(seen['hebbian_held_out_r'])} when estimated from one half)."
        if seen.has("hebbian_held_out_r")
        else f"Weights estimated from the network's own states correlate with its W_h at r = "
        f"{three(seen['hebbian_r'])}."
    )
    if seen.has("scrambled_hebbian_r", "shuffled_hebbian_r"):
        yield (
            f"Do not take all of it for learning: the same estimate gives r = "
            f"{three(seen['scrambled_hebbian_r'])} for a "
            f"network with its weights in random places, and {three(seen['shuffled_hebbian_r'])} from shuffled bytes."
        )
    yield from how_scored(seen)


def _substitute(seen: Seen) -> Iterator[str]:
    if seen.has("bpc", "bpc_all"):
        yield (
            f"With all weights estimated from its states in place of those trained, the network costs "
            f"{bits(seen['bpc_all'])} a byte instead of {three(seen['bpc'])}."
        )
    if seen.has("improving", "replacements"):
        held_out = seen.figures.get("improving_held_out") or 0
        yield f"{seen['improving']} of {seen['replacements']} replacements improve it ({held_out} held out)."
    yield from how_scored(seen)


def _redux(seen: Seen) -> Iterator[str]:
    if seen.has("bpc_pruned", "random_pruning_bpc", "bpc_trained"):
        share = seen["parameters_pruned"] / seen["parameters_trained"]
        yield (
            f"{percent(share)} of the weights, the largest, leave the trained network at "
            f"{bits(seen['bpc_pruned'])} a byte "
            f"(from {three(seen['bpc_trained'])}); as many taken at random leave {three(seen['random_pruning_bpc'])}."
        )
    if seen.has("bpc_trained_mask", "bpc_random_mask", "bpc_dense"):
        yield (
            f"Trained anew, the places of the large weights reach {three(seen['bpc_trained_mask'])}, random places "
            f"{three(seen['bpc_random_mask'])}, all of them {three(seen['bpc_dense'])}: single runs of a "
            f"chaotic training, "
            "so compare them with the spread in the table draws."
        )


def _state(seen: Seen) -> Iterator[str]:
    return earned(seen, "The network", seen.column("constructions", "construction")[-1].split(",")[0])


WRITING = {
    "ShiftRegister": Reading(
        {
            "held_out_bpc": _THREE["held_out_bpc"],
            "bpc": "on the whole text, as published",
            "null_bpc": "the same, fitted to shuffled targets",
            "order_0_held_out_bpc": _THREE["order_0_held_out_bpc"],
            "hidden": "neurons",
            "distinct_codes": "of 256 bytes",
            "encoding_accuracy": "of the bytes held, read back",
        },
        {"constructions": _ROWS, "shared_codes": View()},
        _one("The register", "shift register"),
    ),
    "StateNetwork": Reading({**_THREE, "hidden": "neurons"}, {"constructions": _HONEST}, _state),
    "Bigram": Reading(
        {
            "held_out_bpc": _THREE["held_out_bpc"],
            "bpc": "on the whole text, as published",
            "null_bpc": "the same, fitted to shuffled targets",
            "bpc_counting": "the table of pairs itself, by maximum likelihood",
            "bpc_weighted_held_out": "bytes weighted by how often they occur, held out",
            "order_0_held_out_bpc": _THREE["order_0_held_out_bpc"],
            "hidden": "neurons",
        },
        {"constructions": _ROWS, "draws": _DRAWS},
        _one("The network", "bigram"),
    ),
    "MultiOffset": Reading(
        {
            "best_held_out_detail": "best on bytes it was not fitted to",
            "best_held_out_bpc": "bits per byte there",
            "detail": "best on the whole text, as published",
            "bpc": "bits per byte there, in-sample",
            "held_out_bpc": "of the same, held out",
            "null_bpc": "of the same, on shuffled targets",
            "order_0_held_out_bpc": _THREE["order_0_held_out_bpc"],
        },
        {"constructions": _ROWS},
        _best,
    ),
    "Continuum": Reading(
        {
            "best": "in-sample",
            "bpc_log_ratio": "counts alone, on the whole text",
            "bpc_log_ratio_held_out": "the same, held out",
            "bpc_pinv": "least squares",
            "bpc_pinv_held_out": "held out",
            "bpc_newton": "Newton's method",
            "bpc_newton_held_out": "held out",
            "bpc_order_0_held_out": "frequencies alone, held out",
        },
        {"constructions": _ROWS},
        _best,
    ),
    "HashDesigns": Reading(
        {
            "mixed_codes": "distinct codes of 256 bytes",
            "mixed_pinv": "bits per byte in-sample, least squares",
            "bits_pinv": "",
            "semantic_pinv": "",
            "hybrid_pinv": "",
            "random_pinv": "",
        },
        {"constructions": _ROWS, "codes": View()},
        _best,
    ),
    "CarrierDesigns": Reading(
        {
            "mixed_8_pinv": "bits per byte in-sample, full registers",
            "mixed_8_pinv_held_out": "held out",
            "mixed_16_pinv": "in-sample",
            "mixed_16_pinv_held_out": "held out",
            "hybrid_16_pinv": "in-sample",
            "hybrid_16_pinv_held_out": "held out",
        },
        {"constructions": _ROWS, "carriers": View()},
        _best,
    ),
    "Halves": Reading(
        {
            "log_ratio_test": "counts alone: fitted on the first half, scored on the second",
            "pinv_test": "least squares, likewise",
            "newton_test": "Newton's method, likewise",
            "gradient_test": "gradient steps, likewise",
            "gradient_on_all_test": "the same when it has seen both",
            "order_0_test": "frequencies alone",
        },
        {"halves": View(("construction", "fitted_on", "tuned_on", "train_bpc", "test_bpc"), bar="test_bpc")},
        _halves,
    ),
    "Reverse": Reading(
        {
            "bpc_log_ratio": "bits per byte on the whole text, as published",
            "bpc_log_ratio_held_out": "held out",
            "bpc_pattern_offsets": "",
            "bpc_pattern_offsets_held_out": "held out",
            "null_bpc_log_ratio": "on shuffled targets",
            "order_0_held_out_bpc": _THREE["order_0_held_out_bpc"],
        },
        {"constructions": _ROWS},
        _best,
    ),
    "Redux": Reading(
        {
            "bpc_trained": "bits per byte of the trained network",
            "bpc_pruned": "its large weights alone",
            "random_pruning_bpc": "as many at random",
            "bpc_trained_mask": "those places, trained anew",
            "bpc_trained_mask_held_out": "held out",
            "bpc_random_mask": "random places, trained anew",
            "bpc_dense": "all places, trained anew",
        },
        {
            "pruning": View(
                ("detail", "parameters", "published_bpc_median", "random_pruning_bpc", "published_held_out_bpc"),
                rows=16,
            ),
            "constructions": replace(_ROWS, sort="held_out_bpc", rows=6),
        },
        _redux,
    ),
    "Comparison": Reading(
        {
            "best_construction": "of those written, held out",
            "best_held_out_bpc": "bits per byte",
            "best_counting_held_out_bpc": "contexts counted",
            "best_trained_held_out_bpc": "networks trained",
            "held_out_targets": "bytes scored",
        },
        {
            "constructions": View(
                ("construction", "detail", "held_out_bpc", "bpc", "null_bpc", "seconds"), rows=16, bar="held_out_bpc"
            )
        },
        _compare,
    ),
    "WeightPrediction": Reading(
        {
            "hebbian_r": "W_h by covariance of states",
            "scrambled_hebbian_r": "the same of a network with its weights in random places",
            "float_influence_r": "W_h by influence",
            "wy_sign_split_r": "W_y by splitting at the signs",
            "wx_pmi_r": "W_x by mutual information",
            "bh_log_odds_r": "b_h by log-odds",
            "scored": "how the bytes stand to those of training",
        },
        {
            "predictors": View(
                ("array", "estimate", "weights", "r", "held_out_r", "shuffled_r", "scrambled_r", "null_r", "p_value"),
            )
        },
        _predict,
    ),
    "Substitution": Reading(
        {
            "bpc": "bits per byte of the trained network",
            "bpc_all": "all weights replaced",
            "bpc_W_h": "W_h alone",
            "bpc_W_y": "W_y alone",
            "bpc_W_y_50": "half and half",
            "improving": "replacements that improve it",
            "replacements": "tried",
        },
        {
            "substitutions": View(
                ("replaced", "estimate", "bpc", "delta_bpc", "held_out_delta_bpc", "null_bpc"), rows=10
            ),
            "read_outs": View(("replaced", "estimate", "bpc", "delta_bpc", "held_out_delta_bpc", "null_bpc")),
        },
        _substitute,
    ),
}
