"""How a person reads what flows: back through time, between bytes and predictions, along directions."""

from collections.abc import Iterator

from umrnn.report.figures import percent, plain, three
from umrnn.report.reading import Reading, Seen, View
from umrnn.report.readings.words import bits, how_scored

__all__ = ["FLOW"]


def _gradient(seen: Seen) -> Iterator[str]:
    if seen.has("top10_energy"):
        chance = f", {percent(seen['null_top10_energy'])} by chance" if seen.has("null_top10_energy") else ""
        yield f"Ten neurons hold {percent(seen['top10_energy'])} of the energy of the gradient at a byte{chance}."
    if seen.has("growth_k8"):
        word = "grows" if seen["growth_k8"] > 1.05 else "fades" if seen["growth_k8"] < 0.95 else "keeps its size"
        yield f"Followed eight bytes back the gradient {word} ({three(seen['growth_k8'])} times)."
    if (
        seen.has("mean_attribution_k1", "null_attribution_k1")
        and seen["mean_attribution_k1"] <= seen["null_attribution_k1"]
    ):
        yield (
            f"Do not read attribution one byte back ({three(seen['mean_attribution_k1'])}) as what that byte "
            f"means: where "
            f"what lies before is shuffled it is {three(seen['null_attribution_k1'])}."
        )
    yield from how_scored(seen)


def _attribution(seen: Seen) -> Iterator[str]:
    if seen.has("surprisal_bits", "baseline_surprisal_bits"):
        saved = seen["baseline_surprisal_bits"] - seen["surprisal_bits"]
        rows = [row for row in seen.rows("past_bytes") if row["integrated_bits"] is not None]
        first = max(rows, key=lambda row: abs(row["integrated_bits"]), default=None)
        where = f"; the byte at lag {first['lag']} does most ({three(first['integrated_bits'])})" if first else ""
        yield (f"The past saves {bits(saved)} on {plain(seen['predicted'])} at byte {seen['position']}{where}.")
    if seen.has("integrated_leave_one_out_r") and seen["integrated_leave_one_out_r"] < 0.7:
        yield (
            f"The two ways to share a prediction out among past bytes agree at r = "
            f"{three(seen['integrated_leave_one_out_r'])} only: do not build on the shares of either."
        )
    if seen.has("greedy_share", "equal_greedy_share") and seen["greedy_share"] <= 1.2 * seen["equal_greedy_share"]:
        yield (
            f"The offsets that counting finds get {percent(seen['greedy_share'])} of the changes of sign, no "
            f"more than any "
            f"others would ({percent(seen['equal_greedy_share'])}): the network reads them no more than the rest."
        )


def _offset_effects(seen: Seen) -> Iterator[str]:
    if seen.has("mode_lag"):
        yield f"More neurons answer to the byte at lag {seen['mode_lag']} than to any other ({seen['mode_neurons']})."
    if seen.has("greedy_share", "equal_greedy_share"):
        yield (
            f"The offsets that counting finds get {percent(seen['greedy_share'])} of the changes of sign; equal "
            f"lags would "
            f"give them {percent(seen['equal_greedy_share'])}."
        )


def _alignment(seen: Seen) -> Iterator[str]:
    if seen.has("aligned", "permuted_aligned"):
        above = seen["aligned"] > seen["permuted_aligned"] and seen.figures.get("p_value", 1) <= 0.05
        yield (
            f"What the network makes of a past byte has the sign of their mutual information in "
            f"{percent(seen['aligned'])} "
            f"of cases; signs as frequent as these would agree in {percent(seen['permuted_aligned'])} by chance."
        )
        if not above:
            yield "So agreement is no evidence here that the network follows the pairs."
    if seen.has("rank_r", "rank_p_value"):
        word = "which is no finding" if seen["rank_p_value"] > 0.05 else "more than chance gives"
        yield f"Sizes agree at rank correlation {three(seen['rank_r'])}, {word} (p = {three(seen['rank_p_value'])})."


def _state_alignment(seen: Seen) -> Iterator[str]:
    if seen.has("rank_r", "rank_p_value"):
        word = "beyond chance" if seen["rank_p_value"] <= 0.05 else "no more than chance gives"
        yield f"States are alike where bytes predict alike: rank correlation {three(seen['rank_r'])}, {word}."


def _memory(seen: Seen) -> Iterator[str]:
    if seen.has("effect_depth"):
        tested = len(seen.column("offsets", "offset"))
        least = "at least " if seen["effect_depth"] == tested else ""
        yield (
            f"The last byte back that still moves the prediction by more than .001 bit is "
            f"{least}{seen['effect_depth']} "
            f"(of {tested} tried)."
            if seen["effect_depth"]
            else "No byte back moves the prediction by .001 bit."
        )
    if seen.has("depth_corrected", "effect_depth") and seen["depth_corrected"] > seen["effect_depth"]:
        yield (
            f"States differ significantly by bytes up to {seen['depth_corrected']} back: a trace that can be "
            f"found, not one "
            "that is used."
        )
    yield from how_scored(seen)


def _state_memory(seen: Seen) -> Iterator[str]:
    yield f"States differ beyond chance by the byte up to {plain(seen['depth_corrected'])} back."


def _lyapunov(seen: Seen) -> Iterator[str]:
    rate, error = seen["lambda1_nats_per_step"], seen.figures.get("standard_error")
    if error is None or error != error or abs(rate) <= 2 * error:
        yield (
            f"Driven by this text the network is neither stable nor chaotic: λ₁ = {three(rate)} is within its "
            f"error of 0."
        )
    else:
        word = "chaotic: small differences grow" if rate > 0 else "stable: small differences die out"
        yield f"Driven by this text the network is {word} by {three(abs(rate))} nats a byte."
    if seen.has("shuffled_lambda1"):
        yield f"Driven by the same bytes in random order λ₁ is {three(seen['shuffled_lambda1'])}."


def _intervene(seen: Seen) -> Iterator[str]:
    if seen.has("in_sample_r"):
        beside = f" ({three(seen['held_out_r'])} on unseen text)" if seen.has("held_out_r") else ""
        chance = f"; chance gives {three(seen['null_r'])}" if seen.has("null_r") else ""
        yield f"{seen['feature']} is read off the states at r = {three(seen['in_sample_r'])}{beside}{chance}."
    if seen.has("post_hoc_delta", "random_post_hoc_delta"):
        times = seen["post_hoc_delta"] / max(abs(seen["random_post_hoc_delta"]), 1e-9)
        word = f"{three(times)} times a random direction" if times > 2 else "hardly more than a random direction"
        yield f"Taken out before the prediction its direction costs {bits(seen['post_hoc_delta'])} a byte, {word}."
    if seen.has("step_delta", "random_step_delta", "step_delta_min", "step_delta_max"):
        yield (
            f"Taken out at every step it costs {three(seen['step_delta'])}, but any direction costs "
            f"{three(seen['random_step_delta'])}: the network is chaotic, so the difference counts, not the figure."
        )


def _patching(seen: Seen) -> Iterator[str]:
    if seen.has("clean_bits", "corrupted_bits"):
        yield (
            f"{plain(seen['answer'])} costs {bits(seen['clean_bits'])} after the one past and "
            f"{three(seen['corrupted_bits'])} after the other."
        )
    if seen.has("best_recovered_share", "best_neuron", "best_lag"):
        yield (
            f"One number put back, neuron {seen['best_neuron']} at lag {seen['best_lag']}, recovers "
            f"{percent(seen['best_recovered_share'])} of the difference: the best of all, chosen after looking."
        )


def _export(seen: Seen) -> Iterator[str]:
    yield (
        f"{seen['positions']} prediction{'s' * (seen['positions'] != 1)} from byte {seen['first_position']} on, "
        f"each followed {seen['depth']} "
        f"bytes back, "
        "are in the file."
    )


FLOW = {
    "GradientFlow": Reading(
        {
            "top10_energy": "of the gradient's energy in ten neurons",
            "null_top10_energy": "the same where what lies before is shuffled",
            "growth_k8": "size of the gradient eight bytes back, at the byte 1",
            "null_growth_k8": "likewise shuffled",
            "mean_attribution_k1": "bits to the byte before",
            "dominant_neurons": "with the most energy",
        },
        {
            "lags": View(
                ("lag", "growth", "null_growth", "mean_attribution", "null_attribution"), rows=9, bar="growth"
            ),
            "energy": View(),
            "neurons": View(rows=5),
        },
        _gradient,
    ),
    "Attribution": Reading(
        {
            "predicted": "the byte predicted",
            "position": "place in the file of the byte just read",
            "surprisal_bits": "what it costs the network",
            "baseline_surprisal_bits": "what it would with the past left out",
            "completeness_residual_bits": "of the shares, 0 if they add up",
            "integrated_leave_one_out_r": "agreement with leaving bytes out",
            "mode_lag": "that most neurons answer to",
            "greedy_share": "of changes of sign, at the offsets of counting",
        },
        {
            "past_bytes": View(
                ("lag", "byte", "integrated_bits", "leave_one_out_bits", "restored_bits"), rows=8, bar=None
            ),
            "chains": View(("neuron", "delta_bits", "terms_share", "position", "sets", "source", "term"), rows=5),
            "lags": View(
                ("lag", "sign_changes", "kl_bits", "abs_delta_bits", "dominant_neurons"), rows=8, bar="kl_bits"
            ),
        },
        _attribution,
    ),
    "OffsetEffects": Reading(
        {
            "mode_lag": "that most neurons answer to",
            "mode_neurons": "",
            "greedy_share": "of changes of sign, at the offsets of counting",
            "equal_greedy_share": "if all lags were equal",
        },
        {"lags": View(("lag", "sign_changes", "kl_bits", "abs_delta_bits", "dominant_neurons"), bar="kl_bits")},
        _offset_effects,
    ),
    "Alignment": Reading(
        {
            "aligned": "of effects have the sign of the pair's mutual information",
            "permuted_aligned": "would by chance, with signs as frequent",
            "p_value": "of the difference",
            "held_out_aligned": "by pairs counted in the other half",
            "rank_r": "rank correlation of sizes",
            "rank_p_value": "",
        },
        {
            "offsets": View(
                ("offset", "aligned", "base_rate", "held_out_aligned", "effect_share", "rank_r", "rank_p_value")
            ),
            "strongest": View(("position", "offset", "byte", "next", "delta_bits", "pmi_bits", "is_aligned"), rows=5),
        },
        _alignment,
    ),
    "StateAlignment": Reading(says=_state_alignment),
    "Memory": Reading(
        {
            "effect_depth": "last byte back that moves the prediction by more than .001 bit",
            "depth_corrected": "last whose states differ beyond chance",
            "depth_conditional": "the same among states after the same byte",
            "depth_method_2": "as published, by variance",
            "depth_method_1": "as published, by perturbation",
            "predicted_depth_float32": "24 bits of mantissa at the bits spent per byte",
            "measured_depth_float32": "steps until a float32 change is lost",
        },
        {
            "offsets": View(
                ("offset", "kl_bits", "unseen_kl_bits", "group_variance", "null_group_variance", "q_value"),
                bar="kl_bits",
            ),
            "limits": View(("precision", "mantissa_bits", "predicted_depth", "measured_depth", "spent_bits_per_byte")),
        },
        _memory,
    ),
    "StateMemory": Reading(
        {"depth_corrected": "last byte back by which states differ beyond chance", "depth_method_2": "as published"},
        says=_state_memory,
    ),
    "Lyapunov": Reading(
        {
            "lambda1_nats_per_step": "growth of small differences, nats a byte",
            "standard_error": "",
            "shuffled_lambda1": "driven by the same bytes in random order",
            "fixed_byte_lambda1": "driven by one byte",
            "positive_share": "of exponents above 0",
            "steps": "",
        },
        {
            "runs": View(("input", "lambda1_nats_per_step", "standard_error", "positive_share", "steps")),
            "exponents": View(rows=6),
            "error_growth": View(rows=6),
        },
        _lyapunov,
    ),
    "Interventions": Reading(
        {
            "feature": "",
            "in_sample_r": "read off the states",
            "held_out_r": "in the second half",
            "null_r": "by chance",
            "post_hoc_delta": "bits per byte that it costs to take the direction out before the prediction",
            "random_post_hoc_delta": "any direction",
            "step_delta": "out at every step",
            "random_step_delta": "any direction",
        },
        {
            "directions": View(("direction", "in_sample_r", "held_out_r", "null_r", "post_hoc_delta", "step_delta")),
            "interventions": View(
                ("intervention", "direction", "delta_bpc", "delta_min", "delta_max", "random_delta_bpc"), rows=12
            ),
            "features": View(("feature", "in_sample_r", "held_out_r", "regression_held_out_r", "cosine"), rows=9),
        },
        _intervene,
    ),
    "Patching": Reading(
        {
            "answer": "the byte predicted",
            "clean_bits": "what it costs after the one past",
            "corrupted_bits": "and after the other",
            "recovered_share": "of the difference, with the whole state put back at the longest lag",
            "best_neuron": "alone",
            "best_recovered_share": "by it",
        },
        {
            "lags": View(("lag", "recovered_share", "best_neuron", "best_neuron_recovered_share", "patched_bits")),
            "neurons": View(("neuron", "lag", "recovered_share", "clean_state", "corrupted_state"), rows=6),
        },
        _patching,
    ),
    "Export": Reading(
        {"positions": "", "first_position": "", "depth": "bytes back", "bpc": "bits per byte"},
        {"predictions": View(), "lags": View(rows=6)},
        _export,
    ),
}
