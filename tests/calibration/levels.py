"""p-values of the pattern tools on texts in which nothing is there to find."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.calibration.texts import TEXTS, Text
from umrnn import um
from umrnn.corpus import Corpus
from umrnn.nulls import Check, Null
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work

__all__ = ["STATISTICS", "Statistic", "p_values", "share"]

_ALONE = Work(threads=1)
_FARTHEST = 20


@dataclass(frozen=True)
class Statistic:
    """One p-value of the program: ``of(text, corpus, seed)``, None where there is none; and the texts it is due on."""

    name: str
    of: Callable[[Text, Corpus, int], float | None]
    texts: tuple[Text, ...] = TEXTS


def _next_step(scheme: str, select: str = "gain", draws: int = 99) -> Callable[[Text, Corpus, int], float | None]:
    """The first step after everything was found; None for a search that went astray before."""

    def of(text: Text, corpus: Corpus, seed: int) -> float | None:
        null, count = Null(draws, seed, scheme), len(text.offsets) + 1
        steps = um.greedy_steps(corpus, count, _FARTHEST, select=select, null=null, work=_ALONE)
        found = {step.offset for step in steps[:-1]}
        last = steps[-1].test
        return None if found != set(text.offsets) or len(steps) < count or last is None else last.p_value

    return of


def _synergy(text: Text, corpus: Corpus, seed: int) -> float:
    """The most synergic of all pairs."""
    pairs = um.pair_synergies(corpus, 6, check=Check(null=Null(99, seed)), work=_ALONE).pairs
    return min(pair.p_value for pair in pairs if pair.p_value is not None)


def _order_0(text: Text, corpus: Corpus, seed: int) -> float:
    """Whether the bytes of the second part are as frequent as those of the first."""
    scores = um.byte_statistics(corpus, check=Check(null=Null(99, seed)), work=_ALONE).tables()["order_0_scores"]
    rows = [dict(zip(scores.columns, row)) for row in scores.rows]
    return float(next(row["p_value"] for row in rows if row["score"] == "held_out"))


STATISTICS = (
    Statistic("`patterns skip --greedy`, the step after all is found", _next_step("surrogate")),
    Statistic("the same, `--select excess`", _next_step("surrogate", "excess")),
    Statistic("the same, `--null permuted`", _next_step("permuted")),
    Statistic("`patterns synergy`, the best of all pairs", _synergy),
    Statistic("`corpus info`, held out", _order_0),
)


def p_values(statistic: Statistic, text: Text, runs: Iterable[int]) -> Iterator[float]:
    """One p-value for each text drawn; none where the statistic has none."""
    with pool(None) as executor:
        found = map_ordered(lambda seed: statistic.of(text, text.draw(seed), seed), runs, executor)
        yield from (p for p in found if p is not None)


def share(found: list[float], level: float) -> float:
    """How often p is at most ``level``."""
    return sum(p <= level for p in found) / len(found)
