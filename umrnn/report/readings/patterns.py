"""How a person reads what the pattern tools found."""

from collections.abc import Iterator

from umrnn.report.figures import percent, plain, three
from umrnn.report.reading import Reading, Seen, View
from umrnn.report.readings.words import bits, names

__all__ = ["PATTERNS"]

_ALPHA = 0.01


def _bytes(seen: Seen) -> Iterator[str]:
    scores = {row["score"]: row["bpc"] for row in seen.rows("order_0_scores")}
    common = [plain(byte) for byte in seen.column("most_common", "byte")[:3]]
    if common:
        share = sum(seen.column("most_common", "share")[:3])
        yield (
            f"{names(common)} are {percent(share)} of the bytes; a byte is worth {bits(seen['entropy_bits'])} "
            f"by itself."
        )
    held_out = scores.get("held_out")
    if held_out is not None and held_out == held_out and held_out > 1.02 * seen["entropy_bits"]:
        yield (
            f"The second half costs {three(held_out)} by the frequencies of the first: the halves differ, so expect "
            "less of any figure on bytes it has not seen."
        )


def _ngram(seen: Seen) -> Iterator[str]:
    losses = dict(zip(seen.column("orders", "order"), seen.column("orders", "held_out_bpc")))
    if not losses or not seen.has("best_held_out_order"):
        return
    best, longest = seen["best_held_out_order"], max(losses)
    yield (
        f"Of unseen bytes, the last {best} say most: {bits(seen['best_held_out_bpc'])} a byte remain."
        if best
        else "No context helps with unseen bytes: their frequencies alone do best."
    )
    if seen.has("bpc", "held_out_bpc") and seen["held_out_bpc"] > 1.2 * seen["bpc"]:
        shuffled = f", and {three(seen['null_bits'])} on shuffled bytes" if seen.has("null_bits") else ""
        yield (
            f"Do not read {three(seen['bpc'])} at order {longest} as knowledge: it counts the text it scores. "
            f"Held out it is "
            f"{three(seen['held_out_bpc'])}{shuffled}."
        )


def _skip(seen: Seen) -> Iterator[str]:
    if not seen["offsets"]:
        yield "No offset says more about the next byte than chance allows."
        return
    text = f"The bytes {plain(seen['offsets'])} back leave {bits(seen['bits'])} of the next byte open in this text"
    if seen.has("held_out_bpc"):
        gain = seen["order_0_held_out_bpc"] - seen["held_out_bpc"]
        side = "below" if gain > 0 else "more than"
        text += f"; of unseen bytes {three(seen['held_out_bpc'])}, {three(abs(gain))} {side} their frequencies"
    yield f"{text}."
    if seen.has("null_bits") and seen["null_bits"] < 0.5 * seen["order_0_held_out_bpc"]:
        yield (
            f"{seen['contexts']} contexts for {seen['positions']} positions fit almost anything: with the next "
            f"bytes in "
            f"random order {three(seen['null_bits'])} bits remain."
        )
    best = seen.figures.get("best_held_out_offsets")
    if best is not None and best != seen["offsets"]:
        yield (
            f"Not all of them help: of unseen bytes {plain(best)} alone predict more."
            if best
            else "None of them helps with unseen bytes: their frequencies alone predict more."
        )


def _greedy(seen: Seen) -> Iterator[str]:
    yield from _skip(seen)
    significant = seen.figures.get("significant_offsets")
    if seen["offsets"] and significant is not None and significant != seen["offsets"]:
        first = plain(significant) if significant else "no step"
        yield f"Chance does as well after {first}: the steps beyond are no finding (p > {_ALPHA})."
    if seen.has("half_agreement") and seen["half_agreement"] < 0.75:
        yield (
            f"The two halves of the text agree on {percent(seen['half_agreement'])} of the offsets: which ones "
            f"are found "
            "depends on the text's length."
        )


def _information(seen: Seen) -> Iterator[str]:
    yield (
        f"The byte {seen['best_offset']} back says most: {bits(seen['mi_bits'])}, of which "
        f"{three(seen['null_bits'])} by "
        f"chance and {three(seen['held_out_bits'])} of unseen bytes."
    )
    rows = [row for row in seen.rows("offsets") if row["excess_bits"] is not None]
    if rows and (none := sum(row["held_out_bits"] is not None and row["held_out_bits"] <= 0 for row in rows)):
        yield f"{none} of {len(rows)} offsets say nothing about unseen bytes, whatever their column mi_bits shows."


def _trie(seen: Seen) -> Iterator[str]:
    growth = seen.rows("growth")
    yield (
        f"{plain(seen['byte'])} occurs {seen['count']} times after {seen['inputs']} different bytes "
        f"({bits(seen['input_entropy_bits'])} open)."
    )
    deepest = growth[-1] if growth else {}
    if deepest.get("held_out_seen_share") is not None and deepest["held_out_seen_share"] < 0.9:
        yield (
            f"Of its occurrences in the second half, {percent(deepest['held_out_seen_share'])} have a context of "
            f"{deepest['depth']} bytes that leads to it in the first: the rest of the trie is this text's own."
        )


def _synergy(seen: Seen) -> Iterator[str]:
    found = [row for row in seen.rows("pairs") if row["p_value"] is not None and row["p_value"] <= 0.05]
    if found:
        pair = found[0]
        yield (
            f"{len(found)} of {seen['pairs']} pairs say more together than chance gives any pair, first of all "
            f"{pair['offset_a']} and {pair['offset_b']} ({bits(pair['excess_bits'])} above their null)."
        )
    elif seen.has("null_bits"):
        yield f"No pair of offsets says more together than chance allows (p > .05 for all {seen['pairs']})."
    if seen.has("null_max_bits") and seen["max_synergy_bits"] < seen["null_max_bits"]:
        yield (
            f"The largest synergy, {bits(seen['max_synergy_bits'])}, is bias of rare pairs: shuffled bytes show "
            f"{three(seen['null_max_bits'])}."
        )


def _survival(seen: Seen) -> Iterator[str]:
    yield f"{percent(seen['mean_rate'])} of the first part's patterns occur again in the second."
    if seen.has("null_rate"):
        yield f"With the second part's next bytes in random order {percent(seen['null_rate'])} would."


_SKIP = {
    "offsets": "bytes back from the predicted one",
    "held_out_bpc": "bits per byte, second half by counts of the first",
    "bits": "bits per byte left open in this text",
    "null_bits": "the same with next bytes in random order",
    "order_0_held_out_bpc": "second half by frequencies alone",
    "patterns": "context and next byte, distinct",
}
_STEPS = View(("step", "offset", "gain", "excess", "null_gain", "p_value", "held_out_bpc", "bits", "contexts"))
_LISTED = View(("context", "next", "count", "held_out_count", "probability", "gain_bits", "example"), rows=6)

PATTERNS = {
    "ByteStatistics": Reading(
        {"bytes": "", "symbols": "different bytes", "entropy_bits": "bits per byte, order 0", "sha256": ""},
        {
            "most_common": View(("byte", "count", "share", "surprisal_bits"), bar="share"),
            "order_0_scores": View(("score", "bpc", "p_value", "counted", "scored")),
        },
        _bytes,
    ),
    "NgramOrders": Reading(
        {
            "best_held_out_order": "bytes of context that predict unseen bytes best",
            "best_held_out_bpc": "bits per byte there, second half by counts of the first",
            "bpc": "the longest context, in this text",
            "held_out_bpc": "the same held out",
            "null_bits": "the same with next bytes in random order",
            "patterns_total": "",
        },
        {
            "orders": View(
                ("order", "held_out_bpc", "bpc", "null_bits", "contexts", "patterns", "positions"),
                rows=12,
                bar="held_out_bpc",
            )
        },
        _ngram,
    ),
    "SkipPatterns": Reading(
        _SKIP,
        {
            "prefixes": View(("offsets", "held_out_bpc", "bits", "contexts", "patterns", "positions")),
            "patterns": _LISTED,
        },
        _skip,
    ),
    "GreedyPatterns": Reading(
        {
            "offsets": "chosen, bytes back from the predicted one",
            "significant_offsets": "those that chance would not choose",
            "half_agreement": "of the offsets found in either half too",
            **{key: words for key, words in _SKIP.items() if key not in ("offsets", "patterns")},
        },
        {"steps": _STEPS, "patterns": _LISTED},
        _greedy,
    ),
    "OffsetInformation": Reading(
        {
            "best_offset": "bytes back",
            "mi_bits": "bits about the next byte, in this text",
            "null_bits": "expected by chance, exact",
            "held_out_bits": "of unseen bytes",
        },
        {
            "offsets": View(
                ("offset", "excess_bits", "held_out_bits", "mi_bits", "null_bits", "positions"),
                sort="-excess_bits",
                bar="excess_bits",
            )
        },
        _information,
    ),
    "BackwardTrie": Reading(
        {
            "byte": "read backwards from it",
            "count": "occurrences",
            "inputs": "different bytes before it",
            "input_entropy_bits": "bits, which of them",
        },
        {
            "growth": View(("depth", "contexts", "null_contexts", "held_out_seen_share"), bar="contexts"),
            "inputs": View(("offset", "distinct", "top_bytes", "top_counts"), rows=6),
            "information": View(
                ("offset", "excess_bits", "held_out_bits", "mi_bits", "null_bits", "share_of_entropy"), rows=6
            ),
        },
        _trie,
    ),
    "PairSynergies": Reading(
        {
            "pairs": "of offsets",
            "max_pair": "with the largest synergy",
            "max_synergy_bits": "its synergy",
            "null_max_bits": "largest of any pair by chance",
            "mean_synergy_bits": "of all pairs",
            "null_bits": "mean by chance",
            "held_out_improvement_bits": "bits a pair saves over its better half on unseen bytes, mean",
        },
        {
            "pairs": View(
                (
                    *("offset_a", "offset_b", "excess_bits", "p_value", "synergy_bits", "null_bits"),
                    "held_out_improvement_bits",
                )
            )
        },
        _synergy,
    ),
    "PatternSurvival": Reading(
        {
            "mean_rate": "of the first part's patterns occur again",
            "null_rate": "would with next bytes in random order",
            "best_offsets": "whose patterns survive most",
            "best_rate": "of these",
        },
        {
            "tuples": View(
                ("offsets", "rate", "null_rate", "survivors", "artifacts", "held_out_occurrence_share", "count_r"),
                bar="rate",
            )
        },
        _survival,
    ),
}
