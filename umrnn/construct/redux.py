"""Redux: what is left of a trained network when weights are taken away, and whether few weights train from nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast, final

from umrnn._validate import integer
from umrnn.construct.sparse.pruned import BELOW, Pruned, pruned_entries, published_prunings, run_given
from umrnn.construct.sparse.pruning import Pruning
from umrnn.construct.sparse.scaffold import KINDS, Scaffold, ScaffoldRecipe, scaffold_entries
from umrnn.construct.study.fit import ModelFit
from umrnn.construct.study.holdout import Holdout
from umrnn.construct.study.row import Row, as_table, order_0
from umrnn.construct.study.study import Measured, Study
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.nulls import Check, Null
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.weights import Elman

__all__ = ["Effort", "Redux", "redux"]

_DROP, _NEURONS = 0.64, 20
_SHORT, _LONG = 1024, 20_000  # bytes
_SEED = 42  # of the published trainer


@dataclass(frozen=True)
class Effort:
    """How much work goes into spreads and trainings.

    Parameters
    ----------
    epochs : passes of the networks that are trained from random weights
    starts : nearby runs of every pruned network
    draws : of initial weights and random masks
    """

    epochs: tuple[int, ...] = (50, 200)
    starts: int = 10
    draws: int = 3

    def __post_init__(self) -> None:
        if not self.epochs:
            raise InputError("epochs must name at least one number, got none")
        for count in self.epochs:
            integer("epochs", count, 1)
        integer("starts", self.starts, 0)
        integer("draws", self.draws, 1)

    @classmethod
    def usual(cls, length: int, outputs: int = 64) -> "Effort":
        """The defaults up to 1,024 bytes; then one draw, and epochs for three quarters as many bytes in all.

        From 20 KB on one epoch and two nearby runs. A text of more than 64 kinds of bytes, ``outputs`` of a network,
        counts as so much longer as it takes longer.

        Examples
        --------
        >>> Effort.usual(2_000), Effort.usual(1_000_000)
        (Effort(epochs=(19, 76), starts=10, draws=1), Effort(epochs=(1,), starts=2, draws=1))
        """
        length = length * max(64, outputs) // 64
        if length <= _SHORT:
            return cls()
        if length >= _LONG:
            return cls((1,), 2, 1)
        return cls(tuple(max(1, 3 * count * _SHORT // (4 * length)) for count in cls().epochs), 10, 1)


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Redux(Result):
    """A trained network with weights taken away, and sparse networks trained from random weights.

    Parameters
    ----------
    pruned : the network as it is, then with ever more taken away; the last is the one that was asked for
    scaffolds : by optimiser, epochs and kind of mask
    order_0 : the bytes' own frequencies
    """

    pruned: tuple[Pruned, ...]
    scaffolds: dict[Scaffold, Measured[ModelFit]]
    order_0: Row

    def written(self, kind: str = "pruned") -> Elman:
        """The network given, pruned as asked, or the ``sparse`` one: Adam, most epochs, its mask, on the whole text."""
        if kind == "pruned":
            return self.pruned[-1].given.model
        epochs = max(epochs for _, epochs, _ in self.scaffolds)
        return cast(Elman, self.scaffolds["adam", epochs, "trained mask"].published_fits[0].model)

    def headline(self) -> dict[str, Any]:
        """The network, what is left of it, and the sparse network of fewest epochs beside dense and random ones."""
        trained, last = self.pruned[0].given, self.pruned[-1]
        inputs = next(one.given for one in self.pruned if one.pruning == Pruning(below=BELOW))
        optimizer, epochs, _ = next(iter(self.scaffolds))
        found = {
            "bpc_trained": trained.runs[0],
            "bpc_pruned": last.given.runs[0],
            "random_pruning_bpc": last.given.random_pruning_bpc,
            "bpc_pruned_counted": last.row.bpc,
            "bpc_pruned_held_out": last.row.held_out_bpc,
            "parameters_trained": trained.parameters,
            "parameters_pruned": last.given.parameters,
            "inputs_removable_share": 1 - inputs.counts["W_x"] / trained.counts["W_x"],
            "inputs_removable_delta_bpc": inputs.runs[0] - trained.runs[0],
            "optimizer": optimizer,
            "epochs": epochs,
        }
        for kind in KINDS:
            row = self.scaffolds[optimizer, epochs, kind].row
            name = kind.replace(" ", "_")
            found |= {f"bpc_{name}": row.published_bpc, f"bpc_{name}_held_out": row.held_out_bpc}
            found |= {f"null_bpc_{name}": row.published_null_bpc}
        return found

    def tables(self) -> dict[str, Table]:
        """``constructions``: all networks; ``pruning``: of the given one; ``draws``: spread over trainings."""
        tried = [*(one.measured for one in self.pruned), *self.scaffolds.values()]
        rows = [self.order_0, *(one.row for one in self.pruned), *(one.row for one in self.scaffolds.values())]
        return {
            "constructions": as_table(rows),
            "pruning": _table([one.record() for one in self.pruned]),
            "draws": _table([{"detail": one.row.detail} | one.spread() for one in tried]),
        }


@reads_text
def redux(
    model: Elman | ModelFile,
    holdout: Holdout | Corpus,
    pruning: Pruning | None = None,
    *,
    effort: Effort | None = None,
    null: Null | None = None,
    work: Work = Work(),
) -> Redux:
    """Take weights away from a trained network, and train sparse networks from random weights.

    Pruned are the smallest entries of W_h, all columns of W_y but those of the neurons whose knock-out costs most, and
    the small entries of W_x. The network given knows the whole text, so it is run on that alone, and since such
    dynamics are chaotic its loss stands with those of runs that begin nearby. What pruning costs on other bytes is
    measured on networks of its size, trained with Adam for the most epochs on the counted text alone.

    From random weights four kinds of networks are trained by one recipe: dense; with only those entries of W_h that are
    the largest ``1 - drop`` of a trained network; with as many at random; with none. The trained network is the one
    given where the whole text is learnt, and one trained on the same bytes where less is.

    Parameters
    ----------
    model : a network trained on the text
    holdout : the texts; a corpus stands for its halves
    pruning : what is asked for beside the published rows; default: 64 % of W_h dropped and up to 20 neurons read out
    effort : epochs, draws and nearby runs
    null : how many times as many weights are dropped at random, and bytes shuffled; default: once; its seed is that of
        the initial weights

    Raises
    ------
    InputError
        If the text has nothing to predict or the pruning asks for more neurons than there are.

    Examples
    --------
    >>> from umrnn import rnn
    >>> result = redux(rnn.initial(4), Corpus.siteinfo().slice(0, 60), effort=Effort((1,), 0, 1), null=Null(0))
    >>> result.headline()["parameters_trained"]
    2324
    """
    network, facts, _ = opened(model)
    holdout = Holdout.of(holdout) if isinstance(holdout, Corpus) else holdout
    null, effort = null or Null(1, _SEED), effort or Effort.usual(len(holdout.whole))
    pruning = pruning or Pruning(_DROP, min(_NEURONS, network.hidden))
    if pruning.neurons is not None and pruning.neurons > network.hidden:
        raise InputError(f"neurons must be at most {network.hidden}, the size of the network, got {pruning.neurons}")
    prunings = [*published_prunings(network.hidden), pruning]
    recipe = ScaffoldRecipe(network.hidden, effort.epochs, 1 - pruning.drop, effort.draws, null.seed)
    given = run_given(network, holdout, prunings, effort.starts, null, work)
    scaffolds = scaffold_entries(recipe, network)
    entries = [*pruned_entries(prunings, recipe), *scaffolds.values()]
    tried = Study(holdout, Check(null=null), work).measure(entries, task="train sparse networks")
    settings = {"pruning": asdict(pruning), **asdict(effort), "permutations": null.permutations, **holdout.parameters()}
    return Redux(
        pruned=tuple(map(Pruned, prunings, tried, given)),
        scaffolds=dict(zip(scaffolds, tried[len(prunings) :])),
        order_0=order_0(holdout, published=True),
        provenance=provenance(holdout.whole, parameters=settings, seed=null.seed, threads=work.threads, model=facts),
    )


def _table(records: Sequence[Mapping[str, Any]]) -> Table:
    """A row per record, None where it lacks a name."""
    columns = dict.fromkeys(name for record in records for name in record)
    return Table.of(tuple(columns), ([record.get(name) for name in columns] for record in records))
