"""Runs the oomcast binary of this wheel and reads what it wrote."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Sequence

__all__ = ["Error", "Result", "binary", "run", "sweep"]

# Exit codes that leave a result: done, an expectation failed, some runs did not finish.
_RESULT = (0, 3, 4)


class Error(Exception):
    """What oomcast said on stderr, and its exit code."""

    def __init__(self, exit_code: int, message: str):
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Result:
    """The folder of a result, read."""

    folder: Path
    exit_code: int
    #: summary.json of a run, sweep.json of a sweep.
    summary: Mapping[str, Any]
    _rows: str
    # The folder is removed with the result, unless it was asked for.
    _kept: Any = field(default=None, repr=False)

    def frame(self, library: str = "pandas") -> Any:
        """A row per replication (run) or point (sweep), as a frame of "pandas" or "polars"."""
        path = self.folder / self._rows
        if library == "pandas":
            import pandas

            return pandas.read_csv(path)
        if library == "polars":
            import polars

            return polars.read_csv(path)
        raise ValueError(f'library is "pandas" or "polars", not {library!r}')


def binary() -> str:
    """Where the program is: OOMCAST, the scripts of this environment, then the PATH."""
    asked = os.environ.get("OOMCAST")
    if asked:
        return asked
    beside = Path(sysconfig.get_path("scripts")) / "oomcast"
    found = str(beside) if beside.is_file() else shutil.which("oomcast")
    if found is None:
        raise Error(2, "there is no oomcast on the PATH: install the wheel, or set OOMCAST")
    return found


def run(
    scenario: str | os.PathLike[str],
    *,
    replications: int | None = None,
    seed: int | None = None,
    set: Mapping[str, Any] | None = None,
    profiles: Sequence[str] = (),
    overlays: Sequence[str | os.PathLike[str]] = (),
    out: str | os.PathLike[str] | None = None,
    charts: bool = False,
) -> Result:
    """Runs a scenario: a file, or the name of a shipped one. `out` keeps the folder of the result."""
    arguments = _layers(set, profiles, overlays) + _runs(replications, seed)
    if not charts:
        arguments.append("--no-charts")
    return _result(["run", os.fspath(scenario), *arguments], "summary.json", "runs.csv", out)


def sweep(
    scenario: str | os.PathLike[str],
    vary: Mapping[str, str],
    *,
    replications: int | None = None,
    seed: int | None = None,
    set: Mapping[str, Any] | None = None,
    profiles: Sequence[str] = (),
    overlays: Sequence[str | os.PathLike[str]] = (),
    out: str | os.PathLike[str] | None = None,
) -> Result:
    """Runs a scenario at many values of its keys, such as {"node.memory": "8GiB..48GiB:8GiB"}."""
    axes = [word for key, values in vary.items() for word in ("--vary", f"{key}={values}")]
    arguments = axes + _layers(set, profiles, overlays) + _runs(replications, seed)
    return _result(["sweep", os.fspath(scenario), *arguments], "sweep.json", "points.csv", out)


def _layers(
    values: Mapping[str, Any] | None,
    profiles: Sequence[str],
    overlays: Sequence[str | os.PathLike[str]],
) -> list[str]:
    words: list[str] = []
    for profile in profiles:
        words += ["--profile", profile]
    for overlay in overlays:
        words += ["--overlay", os.fspath(overlay)]
    for key, value in (values or {}).items():
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        words += ["--set", f"{key}={shown}"]
    return words


def _runs(replications: int | None, seed: int | None) -> list[str]:
    words: list[str] = []
    if replications is not None:
        words += ["--replications", str(replications)]
    if seed is not None:
        words += ["--seed", str(seed)]
    return words


def _result(
    arguments: list[str], summary: str, rows: str, out: str | os.PathLike[str] | None
) -> Result:
    kept = None
    if out is None:
        kept = tempfile.TemporaryDirectory(prefix="oomcast-")
    folder = Path(kept.name if kept else os.fspath(out))
    done = subprocess.run(
        [binary(), *arguments, "--out", str(folder), "--quiet", "--no-progress"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode not in _RESULT:
        raise Error(done.returncode, done.stderr.strip())
    if not (folder / summary).is_file():
        raise Error(done.returncode, done.stderr.strip() or f"no {summary} in {folder}")
    text = (folder / summary).read_text(encoding="utf-8")
    return Result(folder, done.returncode, json.loads(text), rows, kept)
