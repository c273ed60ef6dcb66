"""Codes: each design against its definition, published counts, bad input."""

import numpy as np
import pytest

from tests.naive import register as naive
from umrnn.construct.register.codes import DESIGNS, SEMANTIC, bit_names, byte_codes, code_groups, usual_bits
from umrnn.errors import InputError


def test_mixed__is_the_hash_in_whole_numbers():
    codes = byte_codes("mixed", 40)
    assert codes.tolist() == [[naive.mixed_sign(x, j) for j in range(40)] for x in range(256)]


@pytest.mark.parametrize(
    ("design", "bits", "count"),
    [("mixed", 8, 170), ("mixed", 16, 253), ("bits", 8, 256), ("degenerate", 8, 2), ("semantic", 8, 10)],
)
def test_codes__published_counts(design, bits, count):
    """EXPERIMENTS §23; the semantic classes are our own."""
    assert len(code_groups(byte_codes(design, bits))) == count


def test_random__each_sign_halves_the_bytes_and_depends_on_the_seed():
    codes = [byte_codes("random", 8, seed) for seed in (0, 0, 1)]
    assert np.array_equal(codes[0], codes[1])
    assert not np.array_equal(codes[0], codes[2])
    assert not codes[0].sum(axis=0, dtype=int).any()
    counts = [len(code_groups(byte_codes("random", 8, seed))) for seed in range(20)]
    assert 150 < min(counts) <= max(counts) < 180  # 165 to 170 published


def test_bits__are_the_bits_of_the_byte():
    codes = byte_codes("bits", 8)
    assert [int(sum((codes[x] > 0) * 2 ** np.arange(8))) for x in range(256)] == list(range(256))


def test_semantic__are_the_classes_and_hybrid_ends_with_them():
    codes = byte_codes("semantic", 8)
    for j, (_, members) in enumerate(SEMANTIC):
        assert {x for x in range(256) if codes[x, j] > 0} == set(members)
    hybrid = byte_codes("hybrid", 16)
    assert np.array_equal(hybrid[:, :8], byte_codes("mixed", 8))
    assert np.array_equal(hybrid[:, 8:], codes)


def test_degenerate__is_the_first_version_of_the_source():
    codes = byte_codes("degenerate", 3)
    odd, other = 3, 5  # any odd numbers give the same signs
    assert codes.tolist() == [[1 if (x * odd + j * other) % 2 else -1 for j in range(3)] for x in range(256)]


@pytest.mark.parametrize("design", DESIGNS)
def test_codes__are_read_only_signs_with_names(design):
    bits = usual_bits(design)
    codes = byte_codes(design, bits)
    assert (codes.shape, codes.dtype, set(np.unique(codes))) == ((256, bits), np.int8, {-1, 1})
    assert not codes.flags.writeable
    assert len(bit_names(design, bits)) == bits


def test_code_groups__hold_each_byte_once():
    groups = code_groups(byte_codes("mixed", 8))
    assert sorted(byte for group in groups for byte in group) == list(range(256))


@pytest.mark.parametrize(
    ("design", "bits", "message"),
    [
        ("md5", 8, "hash must be one of mixed, random, .* got md5"),
        ("mixed", 0, r"bits must be in \[1, 2048\], got 0"),
        ("mixed", 2049, r"bits must be in \[1, 2048\], got 2049"),
        ("bits", 9, "bits must be at most 8 for the hash bits, got 9"),
        ("semantic", 16, "bits must be at most 8 for the hash semantic, got 16"),
        ("hybrid", 8, "bits must be more than 8 for the hash hybrid, got 8"),
    ],
)
def test_codes__bad_input(design, bits, message):
    with pytest.raises(InputError, match=message):
        byte_codes(design, bits)


def test_random__needs_a_seed_it_can_use():
    with pytest.raises(InputError, match="seed must be at least 0, got -1"):
        byte_codes("random", 8, -1)
