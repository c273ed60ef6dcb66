"""How a person reads what neurons and weights are."""

from collections.abc import Iterator

from umrnn.report.figures import percent, plain, three
from umrnn.report.reading import Reading, Seen, View
from umrnn.report.readings.words import bits, how_scored

__all__ = ["NEURONS"]


def _factor_map(seen: Seen) -> Iterator[str]:
    if not seen.has("mean_r2"):
        yield "No neuron's state varies: there is nothing to explain."
        return
    honest = [f"{three(seen['held_out_r2'])} of the states in unseen text"] if seen.has("held_out_r2") else []
    honest = [f"{three(seen['null_r2'])} by chance", *honest] if seen.has("null_r2") else honest
    yield (
        f"The bytes at two lags explain R² {three(seen['mean_r2'])} of a neuron's state, {' and '.join(honest)}."
        if honest
        else f"The bytes at two lags explain R² {three(seen['mean_r2'])} of a neuron's state."
    )
    pair, count, neurons = seen["dominant_pair"], seen["dominant_pair_neurons"], seen["neurons"]
    if count and neurons and count < 0.25 * neurons:
        yield (
            f"Do not say the network is about the lags {plain(pair)}: they are best for {count} of {neurons} "
            f"neurons, and "
            "among so many pairs which one wins is largely luck."
        )
    if seen.has("bpc_from_map", "bpc_from_map_held_out"):
        yield (
            f"Predicting from these tables costs {bits(seen['bpc_from_map'])} a byte, but "
            f"{three(seen['bpc_from_map_held_out'])} in text they were not made from."
        )
    if seen.figures.get("still_neurons"):
        yield (
            f"{seen['still_neurons']} of {neurons} neurons hardly move: weighted by what moves, R² is "
            f"{three(seen['weighted_r2'])}."
        )


def _neuron(seen: Seen) -> Iterator[str]:
    if seen.has("r2"):
        beside = f" ({three(seen['null_r2'])} by chance)" if seen.has("null_r2") else ""
        held_out = f", {three(seen['held_out_r2'])} in unseen text" if seen.has("held_out_r2") else ""
        yield (
            f"Neuron {seen['neuron']} follows the bytes at lags {plain(seen['lags'])} to R² {three(seen['r2'])}{beside}"
            f"{held_out}."
        )
    if seen.has("delta_bpc", "second_half_delta_bpc", "first_half_delta_bpc"):
        yield (
            f"Without it the loss rises by {bits(seen['delta_bpc'])} a byte, rank {seen['cost_rank']} of all: "
            f"{three(seen['first_half_delta_bpc'])} in the first half, {three(seen['second_half_delta_bpc'])} "
            f"in the second."
        )


def _knockout(seen: Seen) -> Iterator[str]:
    yield (
        f"No neuron matters more than {seen['top_neuron']}: without it the loss rises by "
        f"{bits(seen['top_delta_bpc'])} a byte."
    )
    if seen.has("half_rank_r"):
        word = (
            "agree on"
            if seen["half_rank_r"] > 0.8
            else "agree only in part on"
            if seen["half_rank_r"] > 0.4
            else "differ in"
        )
        yield f"The halves of the text {word} which neurons matter (rank correlation {three(seen['half_rank_r'])})."
    yield from how_scored(seen)


def _saturation(seen: Seen) -> Iterator[str]:
    neurons = seen["frozen"] + seen["settled"] + seen["active"] + seen["volatile"]
    yield (
        f"{seen['volatile']} of {neurons} neurons change sign all the time, every {three(seen['mean_dwell'])} bytes on "
        f"average; {percent(seen['above_95_share'])} of the states stand beyond ±.95."
        if seen.has("mean_dwell", "above_95_share")
        else f"{seen['volatile']} of {neurons} neurons change sign all the time."
    )
    if seen.has("max_jaccard", "null_max_jaccard"):
        word = "more than" if seen["max_jaccard"] > 1.2 * seen["null_max_jaccard"] else "no more than"
        yield (
            f"The two that flip together most do so in {percent(seen['max_jaccard'])} of their flips, {word} "
            f"chance gives "
            f"any pair ({percent(seen['null_max_jaccard'])})."
        )


def _boolean(seen: Seen) -> Iterator[str]:
    if seen.has("bpc_float", "bpc_sign_readout", "bpc_sign_dynamics"):
        yield (
            f"Read out from signs alone the network costs {bits(seen['bpc_sign_readout'])} a byte instead of "
            f"{three(seen['bpc_float'])}; left to run on signs, {three(seen['bpc_sign_dynamics'])}."
        )
    if seen.has("bpc_sign_dynamics") and seen["bpc_sign_dynamics"] > 8:
        yield (
            "So the signs carry the prediction, but they are no machine that runs by itself: more than 8 bits a "
            "byte is "
            "worse than knowing nothing."
        )
    if seen.has("held_out_seen") and seen["held_out_seen"] < 0.5:
        yield (
            f"Do not take {percent(seen['deterministic_pairs'])} deterministic transitions for an automaton: of "
            f"those in "
            f"the second half {percent(seen['held_out_seen'])} occur in the first."
        )
    yield from how_scored(seen)


def _precision(seen: Seen) -> Iterator[str]:
    if seen.has("bpc", "bpc_sign_readout", "bpc_float16_fed_back"):
        yield (
            f"Sixteen bits in place of 32 cost {three(seen['bpc_float16_fed_back'] - seen['bpc'])} bits a byte, "
            f"signs alone "
            f"{three(seen['bpc_sign_readout'] - seen['bpc'])} when only the prediction reads them."
        )
    if seen.has("bpc_sign_dynamics", "bpc") and seen["bpc_sign_dynamics"] > 2 * seen["bpc"]:
        yield (
            f"That holds for one step: where signs are fed back as the state, {three(seen['bpc_sign_dynamics'])} bits."
        )
    yield from how_scored(seen)


def _weights(seen: Seen) -> Iterator[str]:
    if seen.has("top_in_norm", "unseen_in_norm"):
        yield (
            f"{plain(seen['top_byte'])} drives the neurons most (norm {three(seen['top_in_norm'])}); bytes that "
            f"do not occur "
            f"have {three(seen['unseen_in_norm'])}, so W_x shows which bytes were trained on."
        )
    if seen.has("spectral_radius", "null_spectral_radius"):
        word = "above" if seen["spectral_radius"] > seen["null_spectral_radius"] else "not above"
        yield (
            f"The spectral radius of W_h is {three(seen['spectral_radius'])}, {word} that of the same weights "
            f"in random "
            f"places ({three(seen['null_spectral_radius'])})."
        )


def _svd(seen: Seen) -> Iterator[str]:
    for name in ("W_h", "bigram"):
        if seen.has(f"{name}_first_share", f"{name}_above_null"):
            yield (
                f"{name}: the first component is {percent(seen[f'{name}_first_share'])} of the squares; "
                f"{plain(seen[f'{name}_above_null'])} components rise above a matrix with the same entries in "
                f"random places."
            )
    if seen.has("bigram_first_share", "bigram_first_share_centred") and seen["bigram_first_share"] > 0.9:
        yield (
            f"Do not read the bigram's {percent(seen['bigram_first_share'])} as structure: it is the floor that "
            f"smoothing "
            f"leaves; with the means taken out it is {percent(seen['bigram_first_share_centred'])}."
        )


NEURONS = {
    "FactorMap": Reading(
        {
            "mean_r2": "of a neuron's variance, by the bytes at its two best lags",
            "null_r2": "of it by chance: the same search on shuffled states",
            "loo_r2": "with each position left out of its own table",
            "held_out_r2": "in the second half, by tables of the first",
            "dominant_pair": "lags that are best for most neurons",
            "dominant_pair_neurons": "of all neurons",
            "bpc_from_map": "bits per byte when states are replaced by the tables",
            "bpc_from_map_held_out": "the same in the second half",
        },
        {
            "lag_pairs": View(
                ("lags", "neurons", "mean_r2", "loo_r2", "held_out_r2", "chance_r2"), sort="-neurons", rows=5
            ),
            "features": View(
                ("feature", "values", "held_out_r2", "loo_r2", "mean_r2", "chance_r2"), sort="-held_out_r2"
            ),
            "neurons": View(
                ("neuron", "lags", "r2", "null_r2", "loo_r2", "held_out_r2", "q_value", "spread", "flag"),
                sort="-loo_r2",
            ),
        },
        _factor_map,
    ),
    "NeuronCard": Reading(
        {
            "lags": "its two best",
            "r2": "of its variance",
            "null_r2": "by chance",
            "held_out_r2": "in the second half",
            "delta_bpc": "bits per byte that the network loses without it",
            "second_half_delta_bpc": "of the second half",
            "flips": "changes of sign",
            "predicts": "bytes it speaks for",
        },
        {
            "cells": View(rows=5),
            "sources": View(rows=4),
            "targets": View(rows=4),
            "highest": View(("position", "state", "context", "next"), rows=4),
            "lowest": View(("position", "state", "context", "next"), rows=4),
        },
        _neuron,
    ),
    "Knockout": Reading(
        {
            "top_neuron": "whose loss costs most",
            "top_delta_bpc": "bits per byte",
            "top_held_out_delta_bpc": "the same when it is chosen on one half and scored on the other",
            "bpc": "of the whole network",
            "neurons_that_hurt_both_halves": "neurons whose loss helps",
            "half_rank_r": "agreement of the halves",
        },
        {
            "neurons": View(
                ("neuron", "delta_bpc", "first_half_delta_bpc", "second_half_delta_bpc", "mean_abs_state"),
                bar="delta_bpc",
            )
        },
        _knockout,
    ),
    "Saturation": Reading(
        {
            "mean_dwell": "bytes between changes of sign",
            "mean_flips_per_step": "neurons that change sign at a byte",
            "above_95_share": "of states beyond ±.95",
            "below_half_share": "of states within ±.5",
            "max_jaccard": "overlap of the flips of two neurons, the largest",
            "null_max_jaccard": "largest by chance",
        },
        {
            "neurons": View(
                ("neuron", "flips", "behaviour", "mean_dwell", "mean_abs_state", "above_95_share"),
                sort="-flips",
                rows=6,
            ),
            "neuron_pairs": View(("neuron", "other", "jaccard", "null_jaccard", "co_flips", "p_value"), rows=6),
        },
        _saturation,
    ),
    "BooleanReading": Reading(
        {
            "bpc_float": "bits per byte of the network",
            "bpc_sign_readout": "read out from signs",
            "bpc_sign_dynamics": "run on signs",
            "mean_margin": "distance of a pre-activation from 0",
            "sign_agreement": "of signs, one step of signs against the network",
            "null_sign_agreement": "by chance",
            "deterministic_pairs": "of transitions seen, always the same",
            "held_out_seen": "of transitions of the second half, seen in the first",
        },
        {
            "configurations": View(("configuration", "bpc", "null_bpc"), bar="bpc"),
            "influence": View(rows=5),
            "counterexamples": View(("kind", "position", "context", "next", "network", "automaton"), rows=5),
        },
        _boolean,
    ),
    "Precision": Reading(
        {
            "bpc": "bits per byte in float32",
            "bpc_float64": "in float64",
            "bpc_float16_fed_back": "states rounded to float16 at each step",
            "bpc_sign_readout": "signs alone, read out",
            "bpc_sign_dynamics": "signs alone, fed back",
            "sign_leverage_bits": "bits a byte that flipping the sign of one state moves",
            "mantissa_leverage_bits": "the same for bits of the mantissa",
        },
        {
            "states": View(
                ("representation", "stored_bits", "read_out_delta_bpc", "fed_back_delta_bpc", "fed_back_max_bpc"),
                rows=15,
            ),
            "weights": View(("array", "representation", "delta_bpc", "min_bpc", "max_bpc"), rows=6),
        },
        _precision,
    ),
    "WeightReading": Reading(
        {
            "top_byte": "with the largest input weights",
            "top_in_norm": "their norm",
            "unseen_in_norm": "mean norm of bytes that do not occur",
            "spectral_radius": "of W_h",
            "null_spectral_radius": "of the same weights in random places",
            "top_weight": "largest of W_h",
        },
        {
            "bytes": View(
                ("byte", "count", "in_norm", "out_norm", "output_bias"), sort="-in_norm", rows=6, bar="in_norm"
            ),
            "connections": View(rows=5),
            "arrays": View(("array", "mean_abs_weight", "max_abs_weight", "small_share", "largest_singular_value")),
        },
        _weights,
    ),
    "Singular": Reading(
        {
            "W_h_first_share": "of the squares of W_h in its first component",
            "W_h_above_null": "components above chance",
            "W_x_first_share": "",
            "W_x_above_null": "",
            "W_y_first_share": "",
            "W_y_above_null": "",
            "bigram_first_share_centred": "of the table of pairs, means taken out",
            "bigram_first_share": "of the same with its means",
        },
        {
            "centred_components": View(
                ("matrix", "component", "share", "p_value", "source_high", "source_low", "target_high", "target_low"),
                rows=12,
            )
        },
        _svd,
    ),
}
