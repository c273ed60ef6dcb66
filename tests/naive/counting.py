"""The definitions of counting, as slowly and plainly as they can be written."""

from collections import Counter
from collections.abc import Sequence
from math import comb, log2


def pair_counts(data: bytes, offset: int, start: int, stop: int) -> Counter[tuple[int, int]]:
    """How often byte a stands ``offset`` before target b, for targets in [start, stop)."""
    return Counter((data[t - offset], data[t]) for t in range(max(start, offset), stop))


def contexts(data: bytes, offsets: Sequence[int], start: int = 0, stop: int | None = None) -> list[tuple[bytes, int]]:
    """(context, target) of every position that has all offsets."""
    first = max([start, *offsets])
    end = len(data) if stop is None else stop
    return [(bytes(data[t - d] for d in offsets), data[t]) for t in range(first, end)]


def conditional_entropy(pairs: list[tuple[bytes, int]]) -> float:
    """H(target | context) in bits of a list of (context, target), maximum likelihood."""
    context_counts = Counter(context for context, _ in pairs)
    return sum(
        -count / len(pairs) * log2(count / context_counts[context]) for (context, _), count in Counter(pairs).items()
    )


def greedy(data: bytes, count: int, max_offset: int) -> list[tuple[int, float]]:
    """(offset, H) of each step of the greedy search; ties within 1e-12 go to the smaller offset."""
    chosen: list[int] = []
    steps = []
    while len(chosen) < min(count, max_offset):
        scored = {
            d: conditional_entropy(contexts(data, [*chosen, d])) for d in range(1, max_offset + 1) if d not in chosen
        }
        least = min(scored.values())
        best = min(d for d, bits in scored.items() if bits <= least + 1e-12)
        chosen.append(best)
        steps.append((best, scored[best]))
        if scored[best] <= 1e-12:
            break
    return steps


def witten_bell_bits(data: bytes, offsets: Sequence[int], boundary: int) -> float:
    """Mean -log2 P over the held-out targets, interpolated along the tuple, last chosen offset dropped first."""
    first = max(offsets, default=0)
    seen: list[Counter[tuple[bytes, int]]] = []
    totals: list[Counter[bytes]] = []
    kinds: list[Counter[bytes]] = []
    for k in range(len(offsets) + 1):
        pairs = [(bytes(data[t - d] for d in offsets[:k]), data[t]) for t in range(first, boundary)]
        seen.append(Counter(pairs))
        totals.append(Counter(context for context, _ in pairs))
        kinds.append(Counter(context for context, _ in set(pairs)))

    def probability(t: int, k: int) -> float:
        if k < 0:
            return 1 / 256
        context = bytes(data[t - d] for d in offsets[:k])
        shorter = probability(t, k - 1)
        if totals[k][context] == 0:
            return shorter
        escape = kinds[k][context]
        return (seen[k][(context, data[t])] + escape * shorter) / (totals[k][context] + escape)

    scored = range(max(boundary, first), len(data))
    return sum(-log2(probability(t, len(offsets))) for t in scored) / len(scored)


def ngram_bpc(data: bytes, order: int) -> float:
    """Mean -log2 count(ctx, y) / count(ctx) over every byte but the first, ctx the last min(order, t) bytes."""
    total = 0.0
    for t in range(1, len(data)):
        size = min(order, t)
        pairs = contexts(data, range(1, size + 1))
        context = bytes(data[t - d] for d in range(1, size + 1))
        of_context = sum(1 for c, _ in pairs if c == context)
        of_pattern = sum(1 for pair in pairs if pair == (context, data[t]))
        total -= log2(of_pattern / of_context)
    return total / (len(data) - 1)


def mutual_information(data: bytes, offset: int) -> float:
    """I(x[t]; x[t - offset]) in bits, plug-in."""
    pairs = [(data[t - offset], data[t]) for t in range(offset, len(data))]
    before, after, joint = Counter(a for a, _ in pairs), Counter(b for _, b in pairs), Counter(pairs)
    n = len(pairs)
    return sum(c / n * log2(c * n / (before[a] * after[b])) for (a, b), c in joint.items())


def expected_weight(a: int, b: int, positions: int) -> float:
    """Mean of n log2 n where n is hypergeometric: a draws from ``positions`` of which b are marked."""
    ways = {n: comb(b, n) * comb(positions - b, a - n) for n in range(max(0, a + b - positions), min(a, b) + 1)}
    return sum(w * n * log2(n) for n, w in ways.items() if n > 1) / sum(ways.values())


def weight(counts: Sequence[int]) -> float:
    """Sum of n log2 n."""
    return sum(n * log2(n) for n in counts if n > 1)
