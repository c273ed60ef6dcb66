"""Skip patterns: what the bytes at a few distances, given or found by greedy search, say about the next byte."""

import math
from collections.abc import Iterable
from dataclasses import asdict, astuple, dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import offset_tuple
from umrnn.corpus import Corpus, reads_text
from umrnn.nulls import Check, Null
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.um.cells import Cells, conditional_entropy
from umrnn.um.listing import Listing, pattern_table
from umrnn.um.predict import prefix_scores
from umrnn.um.reachable import reachable
from umrnn.um.search import ALPHA, SearchStep, greedy_steps
from umrnn.um.shuffle import shuffled_bits

__all__ = ["GreedyPatterns", "SkipPatterns", "greedy_patterns", "skip_patterns"]


@dataclass(frozen=True)
class Prefix:
    """The tuple of offsets up to one of them: its counts and its bits per byte."""

    offsets: tuple[int, ...]
    positions: int
    contexts: int
    patterns: int
    bits: float
    held_out_bpc: float


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SkipPatterns(Result):
    """Patterns of one tuple of offsets: bits per byte in-sample, held out and with shuffled next bytes."""

    prefixes: tuple[Prefix, ...]
    null_bits: NDArray[np.float64]
    listing: Table

    def headline(self) -> dict[str, Any]:
        """Figures of the whole tuple."""
        last = self.prefixes[-1]
        return {
            "offsets": list(last.offsets),
            "bits": last.bits,
            "null_bits": Null.mean(self.null_bits),
            "held_out_bpc": last.held_out_bpc,
            "patterns": last.patterns,
            "contexts": last.contexts,
            "positions": last.positions,
            "order_0_held_out_bpc": self.prefixes[0].held_out_bpc,
            "best_held_out_offsets": list(self.best_held_out.offsets),
        }

    @property
    def best_held_out(self) -> Prefix:
        """The prefix with the least held-out bits per byte: more offsets may be significant and yet predict worse."""
        return min(
            self.prefixes, key=lambda prefix: math.inf if math.isnan(prefix.held_out_bpc) else prefix.held_out_bpc
        )

    def tables(self) -> dict[str, Table]:
        """``prefixes``: the tuple as it grows; ``patterns``: those that save most bits."""
        columns = ("offsets", "positions", "contexts", "patterns", "bits", "held_out_bpc")
        rows = ((p.offsets, p.positions, p.contexts, p.patterns, p.bits, p.held_out_bpc) for p in self.prefixes)
        return {"prefixes": Table.of(columns, rows), "patterns": self.listing}


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class GreedyPatterns(Result):
    """Offsets chosen by greedy search, each step beside what chance gives, and the patterns of the tuple."""

    selected: SkipPatterns
    steps: tuple[SearchStep, ...]
    half_agreement: float | None

    def headline(self) -> dict[str, Any]:
        """Figures of the chosen tuple, its significant part, and the part of it that predicts unseen bytes best."""
        return self.selected.headline() | {
            "significant_offsets": self.significant_offsets,
            "least_p_value": self.least_p_value,
            "half_agreement": self.half_agreement,
        }

    @property
    def least_p_value(self) -> float | None:
        """The least that so many shuffles can show, 1 / (shuffles + 1); None without any."""
        permutations = self.provenance["parameters"]["permutations"]
        return 1 / (permutations + 1) if permutations else None

    @property
    def can_be_significant(self) -> bool:
        """Whether there are shuffles enough to show a p-value of ``ALPHA``."""
        return self.least_p_value is not None and self.least_p_value <= ALPHA

    @property
    def significant_offsets(self) -> list[int] | None:
        """Offsets chosen before the first step with a p-value above ``ALPHA``; None where none can be so small."""
        if not self.can_be_significant:
            return None
        passed = [step.test is not None and step.test.p_value <= ALPHA for step in self.steps]
        reached = passed.index(False) if False in passed else len(passed)
        return [step.offset for step in self.steps[:reached]]

    def tables(self) -> dict[str, Table]:
        """``steps``: the tuple as it grows, each gain beside its null; ``patterns``: those that save most bits."""
        counts = self.selected.tables()["prefixes"]
        tested = ("tested_gain", "null_gain", "excess", "p_value")
        columns = ("step", "offset", "taken", *counts.columns[1:], "gain", *tested)
        rows = []
        for number, step in enumerate(self.steps, start=1):
            not_taken = (None, None, None, step.bits, None)
            measured = counts.rows[number][1:] if step.taken else not_taken
            test = astuple(step.test) if step.test else (None,) * len(tested)
            rows.append((number, step.offset, step.taken, *measured, step.gain, *test))
        return {"steps": Table.of(columns, rows), "patterns": self.selected.listing}


@reads_text
def skip_patterns(
    corpus: Corpus,
    offsets: Iterable[int],
    *,
    listing: Listing = Listing(),
    check: Check = Check(),
    work: Work = Work(),
) -> SkipPatterns:
    """H(next byte | bytes at the offsets) with the patterns behind it.

    A pattern is a distinct (context, next byte) pair; contexts are those of the positions t >= max(offsets), so the
    number of positions shrinks with the largest offset. In-sample the entropy falls to zero as contexts become
    unique: read it beside ``null_bits``, the mean over shuffles of the whole column of next bytes, and
    ``held_out_bpc``, interpolated Witten-Bell counted on one part and scored on the other.

    Parameters
    ----------
    offsets : distinct distances before the predicted byte, each in ``[1, n - 1]``, in the order they were chosen
    listing : which patterns are listed

    Raises
    ------
    InputError
        If an offset is out of range or repeated.

    Examples
    --------
    >>> skip_patterns(Corpus.siteinfo(), (1, 8), check=Check(null=Null(0)))
    SkipPatterns(offsets=[1, 8], bits=0.496779, null_bits=None, held_out_bpc=2.41214, patterns=511, contexts=379, \
positions=1016, order_0_held_out_bpc=4.94524, 1 more figures) with prefixes 3×6, patterns 10×9
    """
    chosen = offset_tuple(offsets, len(corpus))
    return _measured(corpus, chosen, {"offsets": list(chosen)}, listing, check, work)


@reads_text
def greedy_patterns(
    corpus: Corpus,
    count: int,
    max_offset: int | None = None,
    *,
    stop: bool = False,
    select: str = "gain",
    listing: Listing = Listing(),
    check: Check = Check(),
    work: Work = Work(),
) -> GreedyPatterns:
    """Choose up to ``count`` offsets by information gain, test every step, and measure the tuple found.

    Candidates are 1 … ``max_offset``, by default 30 or as far as the corpus allows.
    With ``stop`` the search ends at the first step that chance does as well (see :mod:`umrnn.um.search`).

    Parameters
    ----------
    select : ``gain``, as published, or ``excess``: what the search ranks offsets by
    listing : which patterns are listed

    Raises
    ------
    InputError
        If ``max_offset`` is not shorter than the corpus or a count is below 1.
    """
    max_offset, null = reachable(max_offset, 30, corpus), check.null
    steps = greedy_steps(corpus, count, max_offset, stop=stop, select=select, null=null, work=work)
    chosen = tuple(step.offset for step in steps if step.taken)
    settings = {"greedy": count, "max_offset": max_offset, "stop": stop, "select": select, "null": null.scheme}
    measured = _measured(corpus, chosen, settings, listing, check, work)
    given = null if select == "excess" else Null(0)
    return GreedyPatterns(
        provenance=measured.provenance,
        selected=measured,
        steps=tuple(steps),
        half_agreement=_half_agreement(corpus, len(chosen), max_offset, select, given, work),
    )


def _half_agreement(corpus: Corpus, count: int, max_offset: int, select: str, null: Null, work: Work) -> float | None:
    """Share of ``count`` offsets that a search of either half chooses; None where halves are too short for it."""
    middle = len(corpus) // 2
    halves = corpus.slice(0, middle), corpus.slice(middle)
    if not count or middle <= max_offset:
        return None
    found = [greedy_steps(half, count, max_offset, select=select, null=null, work=work) for half in halves]
    first, second = ({step.offset for step in steps} for steps in found)
    return len(first & second) / count


def _measured(
    corpus: Corpus,
    offsets: tuple[int, ...],
    settings: dict[str, Any],
    listing: Listing,
    check: Check,
    work: Work,
) -> SkipPatterns:
    """All figures of one tuple, which may be empty where a search found nothing."""
    split, null = check.split, check.null
    held_out = prefix_scores(corpus, offsets, split, work=work)
    contexts = Cells.whole(corpus)
    prefixes = []
    for size, bpc in enumerate(held_out):
        contexts = contexts.refined(offsets[size - 1]) if size else contexts
        patterns = contexts.refined(0)
        bits = conditional_entropy(contexts, patterns)
        prefixes.append(Prefix(offsets[:size], len(contexts.members), len(contexts), len(patterns), bits, bpc))
    work.progress.start("shuffled null", null.permutations, "shuffles")
    null_bits = shuffled_bits(contexts, null, work=work)
    work.progress.finish()
    settings |= asdict(listing)
    settings |= {"permutations": null.permutations, "held_out_from": corpus.start + split.boundary(len(corpus))}
    return SkipPatterns(
        provenance=provenance(corpus, parameters=settings, seed=null.seed, threads=work.threads),
        prefixes=tuple(prefixes),
        null_bits=null_bits,
        listing=pattern_table(corpus, patterns, offsets, listing, split),
    )
