# SPDX-License-Identifier: Apache-2.0
"""Runs the program: arguments in, its JSON out as a dataclass, or the exception of its exit code."""

import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

from ._decode import UnexpectedJSON, decode
from ._program import program
from .errors import BY_EXIT_CODE, Cancelled, DriftProofError, ProgramFailed
from .progress import CancelToken, Progress, ProgressOption, reporter

Result = TypeVar("Result")
PathLike = str | os.PathLike[str]

#: How often the caller's wish to stop is asked for.
POLL_SECONDS = 0.05
#: How long the program has for ending before it is killed.
GRACE_SECONDS = 5.0
PREFIX = "driftproof: "


def path(value: PathLike) -> str:
    """A path as an argument that cannot be taken for an option, nor for standard output."""
    text = os.fspath(value)
    return os.path.join(".", text) if text.startswith("-") or not text else text


def option(name: str, value: PathLike | None) -> list[str]:
    """`--name PATH`, or nothing."""
    return [] if value is None else [f"--{name}", path(value)]


def text(name: str, value: object | None) -> list[str]:
    """`--name=VALUE`, whatever the value begins with, or nothing."""
    return [] if value is None else [f"--{name}={value}"]


def flag(name: str, value: bool) -> list[str]:
    return [f"--{name}"] if value else []


def repeated(name: str, values: Iterable[object]) -> list[str]:
    """`--name=VALUE` for each; one string alone would be taken letter by letter and is refused."""
    if isinstance(values, str):
        raise TypeError(f"{name}: a list of strings is expected, not one string")
    return [f"--{name}={value}" for value in values]


def joined(name: str, values: Iterable[str]) -> list[str]:
    """`--name=A,B`, or nothing; a comma inside a value would part it."""
    if isinstance(values, str):
        raise TypeError(f"{name}: a list of strings is expected, not one string")
    several = list(values)
    for value in several:
        if "," in value:
            raise ValueError(f"{name}: {value!r} has a comma, which parts paths")
    return [f"--{name}={','.join(several)}"] if several else []


@dataclass(frozen=True)
class Finished:
    """A child that ended by itself."""

    command: tuple[str, ...]
    code: int
    output: str
    remarks: str


class _Child:
    """A child process of its own group, whose two streams are read so that it never waits for us."""

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        # A group of its own: Ctrl-C reaches Python alone, which then ends the child in order.
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=environment,
        )
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.output: list[str] = []
        self.ended: float | None = None
        assert self.process.stdout is not None and self.process.stderr is not None
        self.threads = [
            threading.Thread(target=self._read_output, args=(self.process.stdout,), daemon=True),
            threading.Thread(target=self._read_lines, args=(self.process.stderr,), daemon=True),
        ]
        for thread in self.threads:
            thread.start()

    def _read_output(self, stream: IO[bytes]) -> None:
        self.output.append(stream.read().decode(errors="replace"))

    def _read_lines(self, stream: IO[bytes]) -> None:
        for line in stream:
            self.lines.put(line.decode(errors="replace").rstrip("\n"))

    def next_line(self) -> str | None:
        """A line of standard error, as soon as there is one; None after a while, or at its end."""
        try:
            return self.lines.get(timeout=POLL_SECONDS if self.threads[1].is_alive() else 0)
        except queue.Empty:
            return None

    @property
    def is_over(self) -> bool:
        """Ended, and all that it wrote is read; a grandchild that keeps a stream open is not waited for for ever."""
        if self.process.poll() is None:
            return False
        self.ended = self.ended or time.monotonic()
        is_read = not any(thread.is_alive() for thread in self.threads)
        return (is_read and self.lines.empty()) or time.monotonic() - self.ended > GRACE_SECONDS

    def end(self) -> None:
        """Asks the child to end, insists after a while, and waits for it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                try:
                    os.killpg(self.process.pid, number)
                except ProcessLookupError:
                    pass
            try:
                self.process.wait(GRACE_SECONDS)
                break
            except subprocess.TimeoutExpired:
                continue
        for thread in self.threads:
            thread.join(GRACE_SECONDS)
        assert self.process.stdout is not None and self.process.stderr is not None
        if not any(thread.is_alive() for thread in self.threads):
            self.process.stdout.close()
            self.process.stderr.close()


def run_child(
    command: Sequence[str],
    name: str,
    *,
    outputs: Iterable[PathLike] = (),
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
    environment: dict[str, str] | None = None,
) -> Finished:
    """Runs a command to its end, whatever its exit code.

    Args:
        outputs: files that it writes; what is half written is removed where it is stopped.

    Raises:
        Cancelled: `cancel` was set, or `timeout` seconds went by; the child has ended.
    """
    report = reporter(progress, name)
    started, steps, remarks = time.monotonic(), 0, []
    child = _Child(command, {**os.environ, "NO_COLOR": "1", **(environment or {})})
    try:
        while not child.is_over:
            line = child.next_line()
            if line is not None:
                remarks.append(line)
                if line.startswith(PREFIX) and not line.startswith(PREFIX + "error:"):
                    report.message(Progress(name, line.removeprefix(PREFIX), steps, time.monotonic() - started))
                    steps += 1
            report.tick()
            if child.process.poll() is not None:
                continue
            if cancel is not None and cancel.is_set():
                raise Cancelled(f"{name} was cancelled", command=command[1:], output="\n".join(remarks))
            if timeout is not None and time.monotonic() - started > timeout:
                raise Cancelled(
                    f"{name} took longer than {timeout:g} s", command=command[1:], output="\n".join(remarks)
                )
    finally:
        # Ctrl-C and what a callback raises come here, too.
        was_running = child.process.poll() is None
        child.end()
        if was_running:
            for output in outputs:
                Path(f"{path(output)}.{child.process.pid}.partial").unlink(missing_ok=True)
        report.close()
    return Finished(tuple(command), child.process.returncode, "".join(child.output), "\n".join(remarks))


def run(
    kind: type[Result],
    name: str,
    arguments: Sequence[str],
    *,
    outputs: Iterable[PathLike] = (),
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> Result:
    """Runs one of the program's commands, and returns what it prints as `kind`."""
    finished = run_child(
        [program(), *name.split(), *arguments, "--json"],
        name,
        outputs=outputs,
        progress=progress,
        cancel=cancel,
        timeout=timeout,
    )
    return interpret(kind, name, finished)


def interpret(kind: type[Result], name: str, finished: Finished) -> Result:
    """A finished command's result, or the exception for its exit code."""
    try:
        raw = json.loads(finished.output)
    except ValueError:
        raw = None
    if finished.code == 0:
        try:
            if raw is None:
                raise UnexpectedJSON("no JSON object")
            result = decode(kind, raw)
            if raw.get("verified", True) is not True:
                raise UnexpectedJSON(f"exit code 0 beside verified {raw['verified']!r}")
        except UnexpectedJSON as error:
            raise ProgramFailed(
                f"{name}: the program's answer is not understood, is it of another version? {error}",
                raw=raw if isinstance(raw, dict) else None,
                command=finished.command[1:],
                output=finished.remarks,
            ) from None
        return result
    raise failure(kind, name, finished, raw if isinstance(raw, dict) else None)


def failure(kind: type[Any], name: str, finished: Finished, raw: dict[str, Any] | None) -> DriftProofError:
    """The exception for a code other than 0."""
    error = BY_EXIT_CODE.get(finished.code)
    result = None
    if raw is not None:
        try:
            result = decode(kind, raw)
        except UnexpectedJSON:
            pass  # most failures have a reason and no result
    reason = (raw or {}).get("reason")
    if not isinstance(reason, str):
        lines = [line for line in finished.remarks.splitlines() if line.startswith(PREFIX + "error: ")]
        reason = lines[-1].removeprefix(PREFIX + "error: ") if lines else ""
    details: dict[str, Any] = {
        "raw": raw,
        "result": result,
        "command": finished.command[1:],
        "output": finished.remarks,
    }
    if error is None:
        if finished.code < 0:
            try:
                how = f"was ended by {signal.Signals(-finished.code).name}"
            except ValueError:
                how = f"was ended by signal {-finished.code}"
        else:
            how = f"ended with the unknown exit code {finished.code}"
        tail = reason or "\n".join(finished.remarks.splitlines()[-5:])
        return ProgramFailed(f"{name}: the program {how}: {tail}".rstrip(": "), **details)
    verdict = (raw or {}).get("verdict")
    return error(
        reason or (f"{name}: {verdict}" if verdict else f"{name} ended with exit code {finished.code}"), **details
    )
