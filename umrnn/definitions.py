"""What the names in results mean, read from the pages of the reference, so that they are defined in one place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from umrnn.errors import InputError
from umrnn.result import Result, Table, provenance

__all__ = ["PAGES", "Definition", "Explanation", "definitions", "explain"]

PAGES = ("glossary.md", "columns.md")
_HERE = Path(__file__).parent
_FOLDERS = (_HERE / "reference", _HERE.parent / "docs" / "reference")  # of an installed package; of a checkout
_GENERAL = ("terms", "everywhere", "classes")  # sections that hold for all commands
_CELL = re.compile(r"(?<!\\)\|")
_NAME = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Definition:
    """A line of the reference: the names it defines together, and what they mean.

    ``where`` is the command whose results have them, or ``terms``, ``everywhere``, ``classes`` for all of them.
    ``names`` stands as it is written, with remarks such as "(headline)".
    """

    where: str
    names: str
    meaning: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The names one by one.

        Examples
        --------
        >>> Definition("patterns trie", "`inputs`, `input_entropy_bits`", "…").keys
        ('inputs', 'input_entropy_bits')
        """
        return tuple(_NAME.findall(self.names)) or (self.names,)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Explanation(Result):
    """All that a name means."""

    name: str
    found: tuple[Definition, ...]

    def headline(self) -> dict[str, object]:
        """The name, and what it means where it is defined first."""
        return {"name": self.name, "meaning": _plain(self.found[0].meaning)}

    def tables(self) -> dict[str, Table]:
        """``definitions``: where the name is used, the names defined with it, in their order, and the meaning."""
        rows = ((known.where, _plain(known.names), _plain(known.meaning)) for known in self.found)
        return {"definitions": Table.of(("where", "names", "meaning"), rows)}


def explain(name: str) -> Explanation:
    """What a column, a key of a headline, a term or a class of umrnn means.

    Parameters
    ----------
    name : as it stands in a result; capital letters count only where two names differ in nothing else.

    Raises
    ------
    InputError
        If nothing is called so; its hint has the names that look most like it.

    Examples
    --------
    >>> explain("best_offset").headline()["meaning"]
    'the offset with the largest excess_bits; the headline is its row'
    """
    everything = definitions()
    found = tuple(known for known in everything if name in known.keys) or tuple(
        known for known in everything if name.lower() in map(str.lower, known.keys)
    )
    if not found:
        names = {key.lower(): key for known in everything for key in known.keys}
        near = [names[key] for key in get_close_matches(name.lower(), names, n=5, cutoff=0.7)]
        raise InputError(
            f"no column, key, term or class is called {name}",
            hint=f"near to it: {', '.join(near)}" if near else None,
        )
    return Explanation(name=name, found=found, provenance=provenance(None, parameters={"name": name}))


@cache
def definitions() -> tuple[Definition, ...]:
    """Every line of the reference that defines a name: of the glossary, of all commands, then command by command."""
    folder = next((folder for folder in _FOLDERS if (folder / PAGES[0]).is_file()), None)
    if folder is None:
        raise InputError("the pages of the reference are not part of this installation")
    return tuple(known for page in PAGES for known in _of_page((folder / page).read_text("utf-8")))


def _of_page(text: str) -> Iterator[Definition]:
    """Rows of two cells under a heading of the second level."""
    where = ""
    for line in text.splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ").strip()
            where = heading.lower() if heading.lower() in _GENERAL else heading
        elif where and line.startswith("| ") and not line.startswith(("| name |", "| term |")):
            _, names, meaning, *_ = (cell.strip() for cell in _CELL.split(line))
            yield Definition(where, names, meaning.replace("\\|", "|"))


def _plain(text: str) -> str:
    """Without the marks of Markdown."""
    return re.sub(r"(\*{1,2})(\S[^*]*)\1", r"\2", text.replace("`", ""))
