"""Records what every command says, and compares two recordings bit for bit.

``python -m tests.golden.record DIRECTORY [PATTERN]`` runs the cases whose line holds PATTERN with the umrnn that is
installed; ``python -m tests.golden.record DIRECTORY --against OLDER`` lists every figure that differs, with its place.
Before moving code, record; after, compare. Time and versions are left out.
"""

import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.golden.cases import CASES, file_name

TIMES = ("seconds", "bytes_per_second")
VERSIONS = ("umrnn", "python", "numpy")
WRITES = ("train", "interpret export")  # refuse to run without a file to write


def arguments(line: str, scratch: Path) -> list[str]:
    """The command line as umrnn gets it."""
    words = shlex.split(line)
    if any(line.startswith(command) for command in WRITES):
        words += ["--output", str(scratch / "written.npz")]
    return words


def timeless(value: Any) -> Any:
    """``value`` without what a clock or a version says: keys that end in a name of TIMES, and such columns."""
    if isinstance(value, list):
        return [timeless(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"columns", "rows"}:
        kept = [i for i, name in enumerate(value["columns"]) if not str(name).endswith(TIMES)]
        return {
            "columns": [value["columns"][i] for i in kept],
            "rows": [[row[i] for i in kept] for row in value["rows"]],
        }
    return {key: timeless(item) for key, item in value.items() if not key.endswith(TIMES) and key not in VERSIONS}


def said(line: str) -> Any:
    """What the command prints as JSON, without times; its last words where it fails."""
    with tempfile.TemporaryDirectory() as scratch:
        words = [*arguments(line, Path(scratch)), *([] if line.startswith("sample") else ["--format", "json"])]
        run = subprocess.run([sys.executable, "-m", "umrnn", *words], capture_output=True, check=False)
    if run.returncode:
        return {"exit": run.returncode, "stderr": run.stderr.decode().splitlines()[-2:]}
    text = run.stdout.decode("utf-8", "backslashreplace")
    return text if line.startswith("sample") else timeless(json.loads(text))


def differences(old: Any, new: Any, place: str = "") -> Iterator[str]:
    """Where two recordings differ, a line each."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            if key not in old or key not in new:
                yield f"{place}.{key}: {'added' if key in new else 'gone'}"
            else:
                yield from differences(old[key], new[key], f"{place}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new)):
            yield from differences(before, after, f"{place}[{index}]")
    elif old != new or type(old) is not type(new):
        yield f"{place}: {str(old)[:120]} -> {str(new)[:120]}"


def main(words: list[str]) -> int:
    """Record, or compare."""
    directory = Path(words[0])
    if words[1:2] == ["--against"]:
        older, found = Path(words[2]), 0
        for path in sorted(older.glob("*.json")):
            if not (directory / path.name).exists():
                continue
            old, new = (json.loads((folder / path.name).read_text("utf-8")) for folder in (older, directory))
            for line in differences(old, new):
                print(f"{path.stem}{line}")
                found += 1
        return 1 if found else 0
    directory.mkdir(parents=True, exist_ok=True)
    for line in CASES:
        path = directory / file_name(line)
        if all(word in line for word in words[1:]) and not path.exists():
            path.write_text(json.dumps(said(line), indent=1, ensure_ascii=False), "utf-8")
            print(line, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
