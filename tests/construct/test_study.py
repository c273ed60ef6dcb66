"""What is counted and what is held out; the three numbers of every row, made in one place."""

import threading

import numpy as np
import pytest

from umrnn import rnn
from umrnn.construct.study import Entry, Holdout, Lesson, ModelFit, Row, Study, as_table, order_0
from umrnn.construct.study.row import COLUMNS, PUBLISHED_COLUMNS
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Check, Null, Split
from umrnn.progress import Progress, Work

TEXT = Corpus.from_bytes(b"abracadabra, abracadabra")


def test_holdout__counts_the_first_part():
    holdout = Holdout.of(TEXT, Split.holding_out(0.25))
    assert (len(holdout.whole), len(holdout.counted), holdout.first, holdout.once) == (24, 18, 18, False)
    assert holdout.scored is holdout.whole
    assert holdout.parameters() == {"held_out": {"name": "bytes", "start": 18, "stop": 24}}
    assert Holdout.of(TEXT, Split.holding_out(0.9)).first == 2  # 1 - .9 is a little less than .1


@pytest.mark.parametrize(("length", "share"), [(1, 0.5), (2, 0.5), (3, 0.5), (24, 0.95), (24, 1 - 1e-10)])
def test_holdout__refuses_too_few_bytes(length, share):
    with pytest.raises(InputError, match="at least two bytes to count and one to score"):
        Holdout.of(TEXT.slice(0, length), Split.holding_out(share))


def test_holdout__of_other_bytes_or_what_follows():
    first = TEXT.slice(0, 10)
    following = Holdout.against(first, None, TEXT)
    assert (following.once, following.first, len(following.scored)) == (True, 10, 24)
    other = Holdout.against(first, Corpus.from_bytes(b"xyz", "other"))
    assert (other.once, other.first) == (True, 1)
    assert other.parameters() == {"held_out": {"name": "other", "start": 1, "stop": 3}}


@pytest.mark.parametrize(
    ("text", "other", "message"),
    [
        (b"a", b"abc", "one byte has nothing to predict"),
        (b"abc", b"a", "the text to hold out must hold at least two bytes"),
        (b"abc", None, "the text to hold out must hold at least one byte"),
    ],
)
def test_holdout__refuses_what_is_no_text(text, other, message):
    with pytest.raises(InputError, match=message):
        Holdout.against(Corpus.from_bytes(text), Corpus.from_bytes(other) if other else None)


def test_holdout__refuses_bytes_that_are_counted():
    text = Corpus.siteinfo()
    copied = Corpus.from_bytes(bytes(text.data[:500]), "a copy of its beginning")
    for other in (text, text.slice(599), text.slice(100, 200), copied):
        with pytest.raises(InputError, match="must not be counted") as refusal:
            Holdout.against(text.slice(0, 601), other)
        assert "name ranges that do not meet" in str(refusal.value.hint)
    assert Holdout.against(text.slice(0, 601), text.slice(600)).first == 1  # the byte they share is context alone
    alike = Corpus.from_bytes(bytes(text.data[:10]) + b"and then another", "begins alike")
    assert Holdout.against(text, alike).first == 1


@pytest.mark.needs_jit
def test_held_out_bpc__lets_the_state_reach_back():
    model, holdout = rnn.initial(3), Holdout.of(TEXT)
    bits = rnn.trace(model, TEXT).bits()
    assert holdout.held_out_bpc(model) == pytest.approx(bits[holdout.first - 1 :].mean(), rel=1e-12)


def test_order_0__is_its_definition():
    counts = {stop: np.bincount(TEXT.data[:stop], minlength=256) for stop in (12, 24)}

    def loss(stop, scored):
        return -np.mean([np.log2((counts[stop][y] + 0.5) / (stop + 128)) for y in scored])

    row = order_0(Holdout.of(TEXT))
    assert row.bpc == row.null_bpc == pytest.approx(loss(12, TEXT.data[1:12]), rel=1e-12)
    assert row.held_out_bpc == pytest.approx(loss(12, TEXT.data[12:]), rel=1e-12)
    assert (row.bytes_read, row.published_bpc) == (12, None)
    published = order_0(Holdout.of(TEXT), published=True)
    assert published.bpc == row.bpc
    assert published.published_bpc == published.published_null_bpc == pytest.approx(loss(24, TEXT.data[1:]), rel=1e-12)


def test_as_table__has_published_columns_only_where_there_are_such_figures():
    plain, published = Row("a", "b", None), Row("a", "b", 2.0, published_bpc=1.0)
    assert as_table([plain]).rows == (("a", "b", None, None, None, None, None),)
    assert not set(PUBLISHED_COLUMNS) & set(as_table([plain]).columns)
    assert as_table([plain, published]).columns == COLUMNS
    assert as_table([plain, published]).rows[1] == ("a", "b", 2.0, None, None, 1.0, None, None, None)


def test_lesson__shuffles_all_targets_or_those_from_a_position_on():
    lesson, null = Lesson.of(TEXT), Null(2, 7)
    shuffled = lesson.shuffled(null, 1)
    assert bytes(shuffled.targets) == bytes(null.shuffled(TEXT.data[1:], 1)) != bytes(lesson.targets)
    assert bytes(shuffled.targets_from(5)) == bytes(null.shuffled(TEXT.data[6:], 1))
    assert bytes(lesson.targets_from(5)) == bytes(TEXT.data[6:])
    early = shuffled.early(10)
    assert bytes(early.targets) == bytes(early.targets_from(0)) == bytes(shuffled.targets[:9])
    assert len(early.corpus) == 10
    assert repr(lesson) == "Lesson(Corpus('bytes', bytes 0:24))"


def test_lesson__makes_once_what_its_fits_share():
    lesson, made = Lesson.of(TEXT), []
    others = (lesson, lesson.drawn(3), lesson.given(Work(1)))
    assert [each.once("a", lambda: made.append(1) or len(made)) for each in others] == [1, 1, 1]
    assert lesson.shuffled(Null(1), 0).once("a", lambda: 5) == lesson.early(4).once("a", lambda: 5) == 5
    assert (lesson.drawn(3).draw, lesson.given(Work(1)).work.threads) == (3, 1)


class Guess:
    """A fit whose losses say which lesson it was fitted to."""

    detail, seconds, model = "guessed", 0.5, None

    def __init__(self, lesson, extra=0.0):
        self.lesson = lesson
        self.bpc = len(lesson.corpus) + lesson.draw / 10 + (lesson.order is not None) * 100 + extra

    def bits(self, corpus, first):
        assert self.lesson.order is None
        return float("inf") if self.lesson.draw == 1 else float(len(corpus) + first)


def published(lesson):
    return Guess(lesson, 1000.0)


@pytest.mark.parametrize("spread", [True, False])
def test_study__fits_counted_text_whole_text_and_shuffled_targets(spread):
    study = Study(Holdout.of(TEXT), Check(null=Null(2, 7)), Work(2), spread=spread)
    plain, both = study.measure([Entry("a", "b", Guess), Entry("a", "", Guess, published, draws=2, steps=3)])
    assert plain.row == Row("a", "b, guessed", 12.0, 36.0, 112.0, 0.5, 12)
    assert both.row == Row("a", "guessed", 12.0, 36.0, 112.0, 0.5, 12, 1024.0, 1124.0)
    assert (plain.published_fit, plain.published_fits, both.published_fit.bpc) == (None, (), 1024.0)
    assert (both.held_out_bpc, [fit.lesson.draw for fit in both.fits]) == ((36.0, float("inf")), [0, 1])
    assert [bytes(fit.lesson.targets) for fit in both.nulls] == [
        bytes(Null(2, 7).shuffled(TEXT.data[1:12], number)) for number in range(2)
    ]
    assert both.spread() == {
        **{"draws": 2, "bpc_min": 12.0, "bpc_median": 12.05, "bpc_max": 12.1},
        **{"held_out_bpc_min": None, "held_out_bpc_median": None, "held_out_bpc_max": None},
        **{"published_bpc_min": 1024.0, "published_bpc_median": 1024.05, "published_bpc_max": 1024.1},
    }
    assert "published_bpc_min" not in plain.spread()


def test_study__takes_what_is_infinite_for_none_and_leaves_nulls_out():
    study = Study(Holdout.of(TEXT), Check(null=Null(2)))
    row = study.measured(Entry("a", "b", lambda lesson: Guess(lesson.drawn(1)), null=False)).row
    assert (row.held_out_bpc, row.null_bpc) == (None, None)
    assert study.rows([Entry("a", "b", Guess, null=False)])[0].held_out_bpc == 36.0


def test_study__fits_once_where_all_of_the_text_is_counted():
    lessons = []

    def fit(lesson):
        lessons.append(lesson)
        return Guess(lesson)

    study = Study(Holdout.against(TEXT.slice(0, 10), None, TEXT), Check(null=Null(0)))
    found = study.measured(Entry("a", "b", fit, fit))
    assert len(lessons) == 1
    assert (found.row.bpc, found.row.published_bpc, found.published_fit) == (10.0, 10.0, found.fit)
    other = study.measured(Entry("a", "b", fit, published))
    assert (other.row.bpc, other.row.published_bpc) == (10.0, 1010.0)


def test_study__entries_share_lessons_and_threads_are_not_shared_twice():
    seen = []

    def fit(lesson):
        seen.append((lesson.once("mine", object), lesson.work.threads))
        return Guess(lesson)

    def threads_of(entries, **how):
        seen.clear()
        Study(Holdout.of(TEXT), Check(null=Null(0)), Work(3), **how).measure(entries)
        return {threads for _, threads in seen}

    two = [Entry("a", "b", fit), Entry("c", "d", fit)]
    assert threads_of(two) == {1}  # three fits may run side by side
    assert seen[0][0] is seen[1][0]
    assert threads_of(two, spread=False) == {3}
    assert threads_of(two[:1]) == {3}


def test_study__tells_every_step_once():
    class Recorder(Progress):
        total, done, lock = 0.0, 0.0, threading.Lock()

        def start(self, task, total, unit=""):
            self.total += total

        def advance(self, amount, **figures):
            with self.lock:
                self.done += amount

    def fit(lesson):
        lesson.work.progress.start("inner", 10)
        for _ in range(7):  # it ends early
            lesson.work.progress.advance(1, bpc=1.0)
        lesson.work.progress.finish()
        return Guess(lesson)

    recorder = Recorder()
    Study(Holdout.of(TEXT), Check(null=Null(1)), Work(2, recorder)).measured(Entry("a", "b", fit, fit, steps=5))
    assert recorder.total == 20
    assert recorder.done == pytest.approx(20)


@pytest.mark.needs_jit
def test_model_fit__is_scored_by_its_model():
    model = rnn.initial(3)
    assert ModelFit(model, 1.0, 0.0).bits(TEXT, 5) == pytest.approx(rnn.trace(model, TEXT).bits()[4:].mean())
