"""Surrogate texts by lists: each byte is that of an unused position with the same bytes at the chosen offsets."""

from collections.abc import Sequence


def rearranged(data: Sequence[int], offsets: Sequence[int], first: int, uniform: Sequence[float]) -> list[int]:
    """The first ``first`` bytes stand; number i of ``uniform`` chooses the byte at ``first`` + i."""
    unused: dict[tuple[int, ...], list[int]] = {}
    for t in range(first, len(data)):
        unused.setdefault(tuple(data[t - d] for d in offsets), []).append(data[t])
    text = list(data[:first])
    for t, number in enumerate(uniform, start=first):
        context = tuple(text[t - d] for d in offsets)
        while not any(key[: len(context)] == context and values for key, values in unused.items()):
            context = context[:-1]  # no such position is left: the offset chosen last is left out
        known = [(key, i) for key in sorted(unused) if key[: len(context)] == context for i in range(len(unused[key]))]
        key, i = known[int(number * len(known))]
        text.append(unused[key][i])
        unused[key][i] = unused[key][-1]  # the last unused one takes the free place
        unused[key].pop()
    return text
