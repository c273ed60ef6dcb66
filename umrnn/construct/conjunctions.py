"""``construct conjunctions``: a network grown from conjunctions of the byte just read and the state before."""

from typing import Any

from umrnn._validate import integer
from umrnn.construct.state.fit import StateReadout
from umrnn.construct.state.grown import Base, GrownState
from umrnn.construct.state.growth import Growth
from umrnn.construct.state.notes import conjunction_rows
from umrnn.construct.state.result import StateNetwork, state_provenance
from umrnn.construct.study import Entry, Study, order_0
from umrnn.corpus import Corpus, reads_text
from umrnn.nulls import Check, Null
from umrnn.progress import Work
from umrnn.result import Table

__all__ = ["Base", "conjunctions"]

_BASE = Base()


@reads_text
def conjunctions(
    corpus: Corpus,
    hidden: int = 128,
    *,
    base: Base = _BASE,
    rounds: int = 6,
    window: int = 200_000,
    passes: int = 2,
    check: Check = Check(null=Null(1)),
    work: Work = Work(),
) -> StateNetwork:
    """A network grown from conjunctions: each neuron is open for some bytes, and then passes on a view of the past.

    To a linear state or a shift register, round by round, the neurons are added that explain most of what the read-out
    so far leaves unexplained (see :func:`umrnn.construct.state.growth.grow`). Nothing is back-propagated.

    Parameters
    ----------
    hidden : H in the end
    base : what the growth begins with (default: a linear state of 40 neurons, of small networks a third)
    rounds, window : of growth, and positions of the text that one round looks at
    passes : of the read-out over the counted part
    check : default: halves, and one shuffle; the first part is counted and fitted; the seed of the null is that of all

    Raises
    ------
    InputError
        If the counted part is too short, or an argument is out of range.

    Examples
    --------
    >>> found = conjunctions(Corpus.siteinfo(), 24, rounds=2, check=Check(null=Null(0))).headline()
    >>> found["bpc"] < found["order_0_bpc"]
    True
    """
    study, seed = Study.of(corpus, check, work), check.null.seed
    state_of = GrownState(integer("hidden", hidden, 1), base, rounds, window, seed)
    found = study.measured(Entry("conjunctions", "", StateReadout(state_of.written, passes=passes, seed=seed)))
    growth: Growth = found.fit.written.found
    table = Table.of(
        ("round", "neurons", "bpc_before", "gain_foreseen"),
        ((i, one.hidden, one.bpc, float(one.gain)) for i, one in enumerate(growth.rounds, start=1)),
    )
    parameters: dict[str, Any] = {"hidden": hidden, "base": base.kind, "base_neurons": growth.began, "rounds": rounds}
    parameters |= {"window": window, "passes": passes, "seed": seed}
    return StateNetwork(
        counted=study.holdout.counted,
        fit=found.fit,
        rows=(order_0(study.holdout), found.row),
        facts={
            "base_neurons": growth.began,
            "grown_neurons": hidden - growth.began,
            "rounds": len(growth.rounds),
        },
        notes={"rounds": table, "neurons": conjunction_rows(growth, study.holdout.counted)},
        provenance=state_provenance(study, found.fit, parameters, seed),
    )
