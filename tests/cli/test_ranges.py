"""Positions and numbers of ``umrnn interpret …``: out of range is one line that names the range."""

import pytest

pytestmark = pytest.mark.needs_jit
HUGE = "1" + "0" * 20
COMMANDS = [
    "factor-map",
    "neuron 3",
    "boolean",
    "knockout",
    "saturation",
    "gradient",
    "intervene",
    "alignment",
    "attribution",
    "memory",
    "svd",
    "lyapunov",
]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("attribution --at 50", "at must be in [200, 398], got 50"),
        ("export --at 399", "at must be in [200, 398], got 399"),
        ("export --positions 10:300", "the first position must be in [200, 398], got 10"),
        ("export --positions 300:400", "the end of the positions must be in [200, 399], got 400"),
        ("export --positions 300:300", "the end of the positions must lie beyond the first, 300, got 300"),
        ("alignment --positions 250,100", "every position must be in [200, 398], got 100"),
        ("intervene --clean 210 --corrupted 100", "corrupted must be in [200, 398], got 100"),
    ],
)
def test_positions__outside_the_range_are_refused_by_its_name(umrnn, words: str, message: str) -> None:
    outcome = umrnn("interpret", *words.split(), "--range", "200:400")
    assert (outcome.code, outcome.out) == (1, "")
    assert message in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err


def test_positions__count_in_the_file(umrnn) -> None:
    outcome = umrnn("interpret", "export", "--range", "200:400", "--at", "250", "--depth", "3", "--format", "csv")
    assert outcome.code == 0, outcome.err
    assert outcome.out.splitlines()[1].startswith("250,")


@pytest.mark.parametrize(
    "command",
    COMMANDS,
)
def test_permutations__beyond_any_memory_are_one_line(umrnn, command: str) -> None:
    outcome = umrnn("interpret", *command.split(), "--permutations", HUGE)
    assert (outcome.code, outcome.out) == (1, "")
    assert f"permutations must be at most 1000000, got {HUGE}" in " ".join(outcome.err.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("saturation --permutations 100000", "permutations must be at most 16384 here, got 100000"),
        ("knockout --permutations 1000000", "permutations must be at most"),
        ("gradient --permutations 1000000", "permutations must be at most"),
        ("precision --starts", "starts must be in [0, 10000], got"),
        ("intervene --draws", "draws must be in [0, 10000], got"),
        ("memory --positions", "positions must be in [1, 100000], got"),
        ("memory --depth", "depth must be in [1, 1023], got"),
        ("memory --horizon", "horizon must be in [1, 512], got"),
        ("lyapunov --steps", "steps must be in [2, 1024], got"),
        ("lyapunov --exponents", "exponents must be in [1, 128], got"),
        ("lyapunov --every", "every must be in [1, 100], got"),
        ("export --patterns", "patterns must be in [0, 100000], got"),
        ("weights --strongest", "strongest must be in [1, 256], got"),
        ("neuron", "neuron must be in [0, 127], got"),
        ("boolean --ternary", "ternary must lie in [0, 1)"),
    ],
)
def test_numbers__beyond_their_range_are_one_line(umrnn, words: str, message: str) -> None:
    outcome = umrnn("interpret", *words.split(), *([HUGE] if not words.endswith("000") else []))
    assert (outcome.code, outcome.out) == (1, "")
    assert message in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err
