"""One spelling of bytes, read back from itself."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umrnn.report.text import MISSING, show, show_bytes, show_number, show_text


def read_back(text):
    """The inverse of show_bytes, from its documentation."""

    def source(match):
        token = match.group()
        if token.startswith(r"\x"):
            return bytes([int(token[2:], 16)])
        return {"␣": b" ", r"\n": b"\n", r"\\": b"\\"}.get(token) or token.encode()

    return b"".join(map(source, re.finditer(r"\\x[0-9a-f]{2}|\\n|\\\\|.", text)))


@given(st.binary() | st.text().map(str.encode))
def test_show_bytes__can_be_read_back(data):
    assert read_back(show_bytes(data)) == data


@given(st.binary())
def test_show_bytes__is_one_printable_line(data):
    assert show_bytes(data).isprintable()


def test_show_bytes__characters_are_text_and_cut_ones_bytes():
    assert show_bytes("naïve “€” 字".encode()) == "naïve␣“€”␣字"
    assert show_bytes("字".encode()[:2] + "é".encode()) == r"\xe5\xad" + "é"
    assert show_bytes("␣\u202e\u0301".encode()) == r"\xe2\x90\xa3\xe2\x80\xae\xcc\x81"


def test_show_bytes__spellings():
    assert show_bytes(b"a b\n\t\\[/]\xff") == r"a␣b\n\x09\\[/]\xff"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, MISSING),
        (float("nan"), MISSING),
        (float("inf"), "inf"),
        (4.738924831, "4.73892"),
        (12345678, "12345678"),
        (1e-9, "1e-09"),
        (-0.0, "0"),
        ((-0.0, -1.5), "0,-1.5"),
        (True, "yes"),
        (False, "no"),
        (b"\n", r"\n"),
        ((1, 8, 20, 3), "1,8,20,3"),
        ([], MISSING),
        ("a\nb\x1b[0m", r"a\nb\x1b[0m"),
    ],
)
def test_show__every_kind_of_cell(value, shown):
    assert show(value) == shown


@given(st.text())
def test_show_text__hides_no_control_character(text):
    assert show_text(text).isprintable()


def test_show_number__fewer_digits_never_lengthen_a_number():
    assert [show_number(x, 4) for x in (0.0123456, -1.23456, 12345.6, 99999.4)] == [
        "0.01235",
        "-1.235",
        "12345.6",
        "99999.4",
    ]
