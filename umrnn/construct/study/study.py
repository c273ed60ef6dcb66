"""Study: constructions tried honestly. The only place where the three numbers of a row are made."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from math import isfinite
from statistics import fmean, median
from typing import Any, Generic, TypeVar

from umrnn.construct.study.fit import Fit
from umrnn.construct.study.holdout import Holdout
from umrnn.construct.study.lesson import Lesson
from umrnn.construct.study.row import Row
from umrnn.corpus import Corpus
from umrnn.nulls import Check
from umrnn.parallel import Job, run_jobs
from umrnn.progress import Progress, Work

__all__ = ["Entry", "Measured", "Procedure", "Study"]

F = TypeVar("F", bound=Fit)
Procedure = Callable[[Lesson], F]
_SHORT = 1 << 18  # bytes up to which one fit after the other would leave threads idle
_ENDS: tuple[Callable[[Sequence[float]], float], ...] = (min, median, max)


@dataclass(frozen=True)
class Entry(Generic[F]):
    """A line of a table to be made.

    Parameters
    ----------
    construction, detail : what the table calls it; what the fit has chosen is added to ``detail``
    fit : fits and tunes it on a lesson
    published : the source's own procedure where there is one, often ``fit`` itself: it is fitted to the whole text
    draws : random draws of the construction, for their spread
    steps : work of one fit, in proportion to the other entries
    null : whether it is fitted to shuffled targets too
    """

    construction: str
    detail: str
    fit: Procedure[F]
    published: Procedure[F] | None = None
    draws: int = 1
    steps: int = 1
    null: bool = True


@dataclass(frozen=True, eq=False)
class Measured(Generic[F]):
    """All fits of an entry, the first of them in ``row``.

    Parameters
    ----------
    fits, held_out_bpc : fits to the counted text, one per draw, and their losses on the bytes held out (perhaps
        infinite)
    nulls : fits to shuffled targets of the counted text, one per permutation
    published_fits, published_nulls : the same of the published procedure and the whole text; empty where there is none
    """

    row: Row
    fits: tuple[F, ...]
    held_out_bpc: tuple[float, ...]
    nulls: tuple[F, ...]
    published_fits: tuple[F, ...] = ()
    published_nulls: tuple[F, ...] = ()

    @property
    def fit(self) -> F:
        """The first draw, fitted to the counted text."""
        return self.fits[0]

    @property
    def published_fit(self) -> F | None:
        """The first draw by the published procedure, fitted to the whole text."""
        return self.published_fits[0] if self.published_fits else None

    def spread(self) -> dict[str, Any]:
        """Least, median and largest loss over the draws, by column; None where a loss is infinite."""
        kinds = {"bpc": tuple(fit.bpc for fit in self.fits), "held_out_bpc": self.held_out_bpc}
        kinds |= {"published_bpc": tuple(fit.bpc for fit in self.published_fits)} if self.published_fits else {}
        return {"draws": len(self.fits)} | {
            f"{name}_{end.__name__}": end(losses) if isfinite(max(losses)) else None
            for name, losses in kinds.items()
            for end in _ENDS
        }


class Study:
    """Fits constructions to the counted text, to shuffled targets, and where a source does so to the whole text.

    Entries of one study share their lessons, so what several need is made once (:meth:`Lesson.once`).

    Parameters
    ----------
    holdout : what is counted, what is scored
    check : its null says how targets are shuffled (its split is that of ``holdout``)
    spread : run fits side by side, each on one thread; otherwise one after the other, each on all threads: for texts so
        long that a fit has work for all of them, or fills memory

    Examples
    --------
    >>> from umrnn.construct.study.fit import ModelFit
    >>> from umrnn.corpus import Corpus
    >>> from umrnn.nulls import Null
    >>> from umrnn.rnn import initial
    >>> study = Study(Holdout.of(Corpus.siteinfo()), Check(null=Null(0)))
    >>> row = study.measured(Entry("untrained", "H 4", lambda lesson: ModelFit(initial(4), 8.0, 0.0))).row
    >>> row.bpc, round(row.held_out_bpc), row.null_bpc, row.bytes_read
    (8.0, 8, None, 512)
    """

    def __init__(
        self, holdout: Holdout, check: Check | None = None, work: Work = Work(), *, spread: bool = True
    ) -> None:
        self.holdout, self.null, self.work, self.spread = holdout, (check or Check()).null, work, spread
        self._lessons: dict[tuple[Corpus, int | None], Lesson] = {}

    @classmethod
    def of(cls, corpus: Corpus, check: Check, work: Work = Work()) -> "Study":
        """The end of ``corpus`` held out by ``check``; fits run side by side where the text is short."""
        return cls(Holdout.of(corpus, check.split), check, work, spread=len(corpus) <= _SHORT)

    def parameters(self) -> dict[str, Any]:
        """What a result says of its study."""
        boundary = self.holdout.scored.start + self.holdout.first
        return {"held_out_from": boundary, "permutations": self.null.permutations}

    def measured(self, entry: Entry[F]) -> Measured[F]:
        """One entry."""
        return self.measure([entry], task=entry.construction)[0]

    def rows(self, entries: Iterable[Entry[Any]], *, task: str = "fit") -> tuple[Row, ...]:
        """The row of each entry."""
        return tuple(found.row for found in self.measure(tuple(entries), task=task))

    def measure(self, entries: Sequence[Entry[F]], *, task: str = "fit") -> tuple[Measured[F], ...]:
        """Fit each entry to every lesson it needs; all these fits are spread over the threads."""
        plans = [self._plan(entry) for entry in entries]
        lessons = [(entry, each) for entry, plan in zip(entries, plans) for group in plan for each in group]
        beside = self.spread and len(lessons) > 1
        inner = 1 if beside else self.work.threads
        jobs: list[Job[F]] = [(entry.steps, partial(_fitted, *each, inner)) for entry, each in lessons]
        answers = iter(run_jobs(jobs, self.work if beside else Work(1, self.work.progress), task=task))
        return tuple(
            self._measured(entry, *(tuple(next(answers) for _ in group) for group in plan))
            for entry, plan in zip(entries, plans)
        )

    def _plan(self, entry: Entry[F]) -> tuple[list[tuple[Procedure[F], Lesson]], ...]:
        """The fits to the counted text, those of its null, those to the whole text, those of its null."""
        groups = [(entry.fit, self.holdout.counted)]
        if entry.published is not None and not self._same(entry):
            groups.append((entry.published, self.holdout.whole))
        plan = []
        for procedure, text in groups:
            lesson = self._lesson(text)
            numbers = range(self.null.permutations if entry.null else 0)
            plan.append([(procedure, lesson.drawn(draw)) for draw in range(entry.draws)])
            plan.append([(procedure, self._lesson(text, number)) for number in numbers])
        return tuple(plan)

    def _same(self, entry: Entry[Any]) -> bool:
        """Whether the published procedure does what the honest one does."""
        return self.holdout.once and entry.published == entry.fit

    def _lesson(self, text: Corpus, number: int | None = None) -> Lesson:
        """One lesson for all entries: the text, or with the targets of a permutation."""
        if (text, number) not in self._lessons:
            lesson = Lesson.of(text) if number is None else self._lesson(text).shuffled(self.null, number)
            self._lessons[text, number] = lesson
        return self._lessons[text, number]

    def _measured(
        self, entry: Entry[F], fits: tuple[F, ...], nulls: tuple[F, ...], *published: tuple[F, ...]
    ) -> Measured[F]:
        if self._same(entry):
            published = (fits, nulls)
        losses = tuple(fit.bits(self.holdout.scored, self.holdout.first) for fit in fits)
        row = Row(
            entry.construction,
            ", ".join(text for text in (entry.detail, fits[0].detail) if text),
            fits[0].bpc,
            losses[0] if isfinite(losses[0]) else None,  # what was never seen has no maximum likelihood
            _mean(nulls),
            fits[0].seconds,
            len(self.holdout.counted),
            *((published[0][0].bpc, _mean(published[1])) if published else ()),
        )
        return Measured(row, fits, losses, nulls, *published)


def _fitted(procedure: Procedure[F], lesson: Lesson, threads: int | Executor | None, progress: Progress) -> F:
    return procedure(lesson.given(Work(threads, progress)))


def _mean(fits: Sequence[Fit]) -> float | None:
    return fmean(fit.bpc for fit in fits) if fits else None
