"""What a person sees of every command at 80 columns is what somebody looked at and found right."""

import re
from collections.abc import Iterator
from itertools import zip_longest

import pytest

from tests.golden.tables import LINES, golden_file, shown

# What chaos multiplies differs between processors in every digit: there only the words are compared.
CHAOTIC = ("redux", "substitute", "intervene", "lyapunov", "precision", "predict", "boolean", "train", "gradient")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?%?")
_DRAWN = re.compile(r"[─█▏▎▍▌▋▊▉…]+")


def words(text: str) -> list[str]:
    """The words and numbers of a page, without rules, bars and the spaces between."""
    return _DRAWN.sub(" ", text).split()


def differing(found: list[str], kept: list[str], *, numbers: bool) -> Iterator[tuple[str | None, str | None]]:
    """Pairs that differ: words at all, numbers by more than a twentieth."""
    for one, other in zip_longest(found, kept):
        if one == other:
            continue
        both = one is not None and other is not None and _NUMBER.fullmatch(one) and _NUMBER.fullmatch(other)
        if both:
            a, b = (float(number.rstrip("%")) for number in (one, other))
            if not numbers or abs(a - b) <= 0.05 * max(abs(a), abs(b)) + 0.01:
                continue
        yield one, other


@pytest.mark.needs_jit
@pytest.mark.parametrize("line", LINES)
def test_command__shows_what_was_looked_at(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    found, kept = shown(line), golden_file(line).read_text("utf-8")
    chaotic = any(word in line for word in CHAOTIC)
    assert not list(differing(words(found), words(kept), numbers=not chaotic))
    assert max(map(len, found.splitlines())) <= 80


def test_differing__sees_a_word_and_a_number() -> None:
    assert list(differing(["a", "1.00"], ["a", "1.02"], numbers=True)) == []
    assert list(differing(["a", "1.00"], ["b", "1.20"], numbers=True)) == [("a", "b"), ("1.00", "1.20")]
    assert list(differing(["a"], ["a", "b"], numbers=False)) == [(None, "b")]
