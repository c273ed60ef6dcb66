"""Rows kept in a file: taken up again by the same study and version, refused when anything in the file is not right."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

import umrnn
from umrnn.errors import InputError
from umrnn.journal import Journal

ABOUT = {"corpus": "abc", "sizes": (16, 32)}
HEADS = ["one", "two", "three"]


@dataclass(frozen=True)
class Line:
    """A row with a value of every kind."""

    name: str
    count: int | None
    loss: float | None = None


ROWS = [Line("one", 3, 0.1 + 0.2), Line("two", None, 7)]


def opened(path: Path, about=ABOUT, heads=HEADS) -> Journal[Line]:
    return Journal(path, Line, about, heads)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "rows.json"
    journal = opened(path)
    for row in ROWS:
        journal.add(row)
    return path


def damaged(path: Path, change) -> None:
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found))


def test_journal__gives_back_what_was_kept(kept: Path) -> None:
    assert opened(kept).rows == ROWS


def test_journal__of_no_file_keeps_rows_for_its_time_only() -> None:
    journal = Journal(None, Line, ABOUT, HEADS)
    journal.add(ROWS[0])
    assert journal.rows == ROWS[:1]


def test_journal__of_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert opened(tmp_path / "empty").rows == []


def test_journal__says_its_version_and_study(kept: Path) -> None:
    found = json.loads(kept.read_text())
    assert found["about"] == {"umrnn": umrnn.__version__, "corpus": "abc", "sizes": [16, 32]}
    assert found["columns"] == list(asdict(ROWS[0]))


def test_journal__keeps_what_is_not_finite_as_missing(kept: Path) -> None:
    opened(kept).add(Line("three", 1, float("inf")))
    assert opened(kept).rows[2].loss is None


def test_journal__of_another_version_is_refused(kept: Path, monkeypatch) -> None:
    monkeypatch.setattr(umrnn, "__version__", "99.0")
    with pytest.raises(InputError, match=r"was begun by version .* of umrnn, not 99\.0"):
        opened(kept)


@pytest.mark.parametrize("about", [{**ABOUT, "sizes": (16,)}, {"corpus": "abc"}, {**ABOUT, "more": None}])
def test_journal__of_another_study_is_refused(kept: Path, about) -> None:
    with pytest.raises(InputError, match="begun on another corpus or with other options"):
        opened(kept, about)


@pytest.mark.parametrize("heads", [["one", "three"], ["one"], []])
def test_journal__of_other_rows_is_refused(kept: Path, heads) -> None:
    with pytest.raises(InputError, match="holds rows that the study has not"):
        opened(kept, heads=heads)


@pytest.mark.parametrize(
    "value",
    ["0.3", "7", -1.0, -1e-9, True, [], {}, [0.3]],
    ids=str,
)
def test_journal__of_a_value_that_is_no_loss_is_refused(kept: Path, value) -> None:
    damaged(kept, lambda found: found["rows"][0].__setitem__(2, value))
    with pytest.raises(InputError, match="or was damaged"):
        opened(kept)


@pytest.mark.parametrize(
    ("place", "value"),
    [(0, None), (0, 3), (0, "o\nne"), (0, "\ud800"), (1, 3.5), (1, "3"), (1, -3), (1, False)],
    ids=repr,
)
def test_journal__of_a_value_of_another_kind_is_refused(kept: Path, place: int, value) -> None:
    damaged(kept, lambda found: found["rows"][0].__setitem__(place, value))
    with pytest.raises(InputError, match="or was damaged"):
        opened(kept)


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1e999", "-1e999", "1" + "0" * 400, "9" * 5000])
def test_journal__of_a_number_without_end_is_refused(kept: Path, number: str) -> None:
    kept.write_text(kept.read_text().replace(repr(0.1 + 0.2), number))
    with pytest.raises(InputError, match="or was damaged"):
        opened(kept)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 200_000,
        b'{"about":' * 50_000,
        b"[1, 2",
        b"null",
        b"[]",
        b"{}",
        b'{"about": {}, "rows": []}',
        b"\xff\xfe\x00",
        b'"' + b"x" * 100,
    ],
    ids=lambda content: repr(content[:12]),
)
def test_journal__of_another_form_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rows.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match="holds no study that was begun, or was damaged"):
        opened(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.__setitem__("rows", [[]]),
        lambda found: found.__setitem__("rows", {}),
        lambda found: found.__setitem__("rows", [found["rows"]]),
        lambda found: found["rows"][0].pop(),
        lambda found: found["rows"][0].append(None),
        lambda found: found.__setitem__("about", []),
        lambda found: found["columns"].reverse(),
        lambda found: found.pop("columns"),
    ],
)
def test_journal__of_rows_of_another_form_is_refused(kept: Path, change) -> None:
    damaged(kept, change)
    with pytest.raises(InputError, match="or was damaged"):
        opened(kept)


def test_journal__whose_file_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    tmp_path.joinpath("in").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        opened(tmp_path / "in")


def test_journal__of_too_long_a_file_is_not_read(kept: Path, monkeypatch) -> None:
    monkeypatch.setattr("umrnn.journal._LARGEST", 10)
    with pytest.raises(InputError, match="or was damaged"):
        opened(kept)
