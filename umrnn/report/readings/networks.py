"""How a person reads what was done with a network as a whole: trained, scored, converted, told as a story."""

from collections.abc import Iterator

from umrnn.report.figures import percent, plain, three
from umrnn.report.reading import Reading, Seen, View
from umrnn.report.readings.words import bits

__all__ = ["NETWORKS"]


def _evaluation(seen: Seen) -> Iterator[str]:
    rivals = {name: seen[f"{name}_bpc"] for name in ("gzip", "bzip2", "xz", "zstd", "ppmd") if seen.has(f"{name}_bpc")}
    best = min(rivals, key=lambda name: rivals[name], default=None)
    if seen.has("bpc") and best is not None:
        word = "less" if seen["bpc"] < rivals[best] else "more"
        yield (
            f"The network costs {bits(seen['bpc'])} a byte, {word} than {best} ({three(rivals[best])}), which "
            f"sees only "
            "these bytes and has to store what it learns."
        )
    scored = seen.figures.get("scored")
    if scored == "in_sample":
        yield (
            "It was trained on these very bytes, so this says how well they were learned, not what it knows of others."
        )
    elif scored == "overlaps":
        yield f"It was trained on {percent(seen['fitted_share'])} of these bytes, so the score flatters it."
    elif scored == "held_out":
        yield "It has not seen these bytes: the score is what it knows of text like this."
    elif scored == "unknown":
        yield "Its file does not say which bytes it was trained on: the score may be in-sample."
    if seen.has("shuffled_bpc", "order_0_bpc", "bpc") and seen["bpc"] > seen["order_0_bpc"]:
        yield f"It does worse than the frequencies of the bytes ({three(seen['order_0_bpc'])})."


def _training(seen: Seen) -> Iterator[str]:
    losses = [value for value in seen.column("epochs", "bpc") if value is not None]
    if len(losses) > 1:
        word = "down" if losses[-1] < losses[0] else "up"
        yield (
            f"In {plain(seen['epochs'])} epochs the loss went {word} from {three(losses[0])} to "
            f"{bits(losses[-1])} a byte."
        )
    if seen.has("bpc", "held_out_bpc"):
        gap = seen["held_out_bpc"] - seen["bpc"]
        if gap > 0.1 * seen["bpc"]:
            yield f"On bytes it was not trained on it costs {three(gap)} more: so much of it is this text's own."
    elif seen.has("bpc"):
        yield "No bytes were held out, so nothing says what it knows of other text: `umrnn eval` on some will."


def _conversion(seen: Seen) -> Iterator[str]:
    if seen.has("max_abs_logit_difference"):
        exact = seen["max_abs_logit_difference"] == 0
        word = "the same to the last bit" if exact else f"off by {three(seen['max_abs_logit_difference'])} at most"
        yield f"The logits of the network written are {word}."
    if seen.has("max_abs_framework_difference"):
        yield (
            f"{seen['framework']}'s own logits differ from them by "
            f"{three(seen['max_abs_framework_difference'])} at most."
        )
    else:
        yield (
            f"It was taken as {seen['activation']}, which the file cannot say: `--verify` or `--check` compares "
            f"with the "
            "program it came from."
        )


def _sample(seen: Seen) -> Iterator[str]:
    if seen.has("bpc") and seen["length"]:
        yield f"The network was surprised by its own text at {bits(seen['bpc'])} a byte."


def _demo(seen: Seen) -> Iterator[str]:
    """One sentence per step, each on a line of 80 columns."""
    rows = {row["construction"]: row for row in seen.rows("story")}
    unseen = {name: three(row["held_out_bpc"]) for name, row in rows.items() if row["held_out_bpc"] is not None}
    if {"n-grams", "order 0"} <= set(unseen):
        counted, alone = rows["n-grams"]["detail"], unseen["order 0"]
        yield f"1. Count: the {counted} leave {unseen['n-grams']} bits of an unseen byte, frequencies {alone}."
    if "skip patterns" in unseen:
        found = f"bytes {plain(seen['offsets'])} back say most" if seen["offsets"] else "no byte says more"
        yield f"2. Search: beyond chance, {found}; they alone leave {unseen['skip patterns']}."
    if "network" in unseen and seen.has("network_bpc", "network_null_bpc"):
        own, null = three(seen["network_bpc"]), three(seen["network_null_bpc"])
        yield f"3. Train: {own} in-sample, {null} with nothing to learn, {unseen['network']} on unseen bytes."
    if "factor map" in unseen:
        own = three(rows["factor map"]["bpc"])
        yield f"4. Read: tables of two bytes per neuron leave {own} in-sample, {unseen['factor map']} unseen."
    written = [f"{unseen[name]} ({name})" for name in ("grown", "shift register") if name in unseen]
    if written:
        best = min(unseen, key=lambda name: rows[name]["held_out_bpc"])
        yield f"5. Write: without training {', '.join(written)}; best: {best}."


_SCORE = {
    "bpc": "bits per byte",
    "scored": "how these bytes stand to those of its training",
    "order_0_bpc": "frequencies of the bytes alone",
    "shuffled_bpc": "the network on the same bytes in random order",
    "gzip_bpc": "",
    "xz_bpc": "",
    "bpc_per_source_byte": "per byte of the file",
}

NETWORKS = {
    "Evaluation": Reading(_SCORE, says=_evaluation),
    "Training": Reading(
        {
            "bpc": "bits per byte of the text trained on",
            "held_out_bpc": "of bytes held out",
            "epochs": "",
            "updates": "of the weights",
            "seconds": "",
            "bytes_per_second": "",
        },
        {"epochs": View(("epoch", "bpc", "rate", "gradient_norm"), bar="bpc")},
        _training,
    ),
    "Conversion": Reading(
        {
            "max_abs_logit_difference": "between the network read and the one written",
            "max_abs_framework_difference": "from the other program's own logits",
            "hidden": "neurons",
            "activation": "",
            "source_format": "",
            "destination_format": "",
            "bytes_written": "",
        },
        says=_conversion,
    ),
    "Sample": Reading({"length": "bytes", "bpc": "bits per byte, its own surprise"}, {"lines": View(rows=20)}, _sample),
    "Demo": Reading(
        {"entropy_bits": "bits per byte, frequencies alone", "gzip_bpc": "the whole text, compressed"},
        {"story": View(("construction", "detail", "held_out_bpc", "bpc", "null_bpc", "seconds"))},
        _demo,
    ),
    "Environment": Reading({}),
    "Explanation": Reading(
        {"name": "", "meaning": ""},
        {"definitions": View(("where", "names", "meaning"), whole=("where", "names", "meaning"))},
    ),
}
