"""What several readings say alike: how much of a score is earned."""

from collections.abc import Iterator

from umrnn.report.figures import percent, three
from umrnn.report.reading import Seen

__all__ = ["bits", "earned", "how_scored", "names"]


def bits(value: float) -> str:
    """A loss or an information: ``2.07 bits``."""
    return f"{three(value)} bits"


def names(values: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``.

    Examples
    --------
    >>> names(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join(filter(None, (", ".join(values[:-1]), *values[-1:])))


def earned(seen: Seen, who: str, construction: str) -> Iterator[str]:
    """What ``who`` predicts of unseen bytes and what chance gives it: the first row of ``constructions`` so called."""
    rows = {row["construction"].split(",")[0]: row for row in reversed(seen.rows("constructions"))}
    row, order_0 = rows.get(construction, {}), rows.get("order 0", {})
    own, held_out, null = (row.get(name) for name in ("bpc", "held_out_bpc", "null_bpc"))
    alone = order_0.get("held_out_bpc")
    if own is None:
        return
    if held_out is not None and alone is not None and held_out < alone:
        yield (
            f"{who} costs {bits(own)} a byte on the bytes it was fitted to and {three(held_out)} on bytes it "
            f"has not seen, "
            f"{three(alone - held_out)} below their frequencies."
        )
    elif held_out is not None and alone is not None:
        yield (
            f"{who} costs {bits(own)} a byte on the bytes it was fitted to, but {three(held_out)} on bytes it has not "
            f"seen, where their frequencies alone cost {three(alone)}: it has learned this text by heart."
        )
    if null is not None and order_0.get("bpc") is not None and null < order_0["bpc"]:
        share = (order_0["bpc"] - null) / (order_0["bpc"] - own) if own < order_0["bpc"] else 1.0
        yield (
            f"Do not read {three(own)} as what the text says: with the bytes to predict in random order, where "
            f"there is "
            f"nothing to learn, the same procedure reaches {three(null)}, {percent(min(share, 1.0))} of the way."
        )


def how_scored(seen: Seen) -> Iterator[str]:
    """That the bytes read are those the network was trained on, where they are."""
    if seen.figures.get("scored") == "in_sample":
        yield "The network was trained on these bytes: every figure here is in-sample."
    elif str(seen.figures.get("scored", "")).startswith("overlaps"):
        yield "The network was trained on some of these bytes: the figures flatter it."
