# SPDX-License-Identifier: Apache-2.0
"""Finding the program, and programs that do not behave."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from api_support import make, needs_program

import driftproof
from driftproof import _program

FAKE = Path(__file__).parent / "fake_program.py"


@pytest.fixture
def fake(monkeypatch):
    """Makes the stand-in the program, and says how it behaves."""

    def set_up(how: str) -> None:
        monkeypatch.setattr(_program, "BUNDLED", Path("/nonexistent"))
        monkeypatch.setenv("DRIFTPROOF", str(FAKE))
        monkeypatch.setenv("FAKE", how)

    return set_up


def test_the_bundled_program_comes_first_then_the_variable_then_path(monkeypatch, tmp_path):
    for name in ("bundled", "named", "driftproof"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(_program, "BUNDLED", tmp_path / "bundled")
    monkeypatch.setenv("DRIFTPROOF", str(tmp_path / "named"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert driftproof.program() == str(tmp_path / "bundled")
    monkeypatch.setattr(_program, "BUNDLED", tmp_path / "none")
    assert driftproof.program() == str(tmp_path / "named")
    monkeypatch.delenv("DRIFTPROOF")
    assert driftproof.program() == str(tmp_path / "driftproof")
    (tmp_path / "driftproof").unlink()
    with pytest.raises(driftproof.ProgramNotFound, match="DRIFTPROOF"):
        driftproof.program()
    monkeypatch.setenv("DRIFTPROOF", str(tmp_path / "missing"))
    with pytest.raises(driftproof.ProgramNotFound, match="missing"):
        driftproof.inspect("a", "b")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("crash", "SIGKILL"),
        ("strange code", "unknown exit code 77"),
        ("no json", "not understood"),
        ("other json", "not understood"),
    ],
)
def test_what_is_not_understood_is_never_taken_for_verified(fake, how, message):
    fake(how)
    with pytest.raises(driftproof.ProgramFailed, match=message):
        driftproof.verify("c", base_identity="b", policy="p")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _children() -> set[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(os.getpid())], capture_output=True, text=True).stdout
    return {int(line) for line in found.split()}


def test_cancelling_ends_the_child_and_removes_what_is_half_written(fake, tmp_path):
    fake("wait")
    cancel = threading.Event()
    with pytest.raises(driftproof.Cancelled) as caught:
        driftproof.identify("base", tmp_path / "out", progress=lambda _: cancel.set(), cancel=cancel)
    assert caught.value.exit_code is None and "waiting" in caught.value.output
    assert list(tmp_path.iterdir()) == []


def test_a_time_limit_kills_a_child_that_does_not_listen(fake, tmp_path, monkeypatch):
    fake("stubborn")
    monkeypatch.setattr("driftproof._process.GRACE_SECONDS", 0.5)
    started = time.monotonic()
    with pytest.raises(driftproof.Cancelled, match="longer than 0.5 s"):
        driftproof.identify("base", tmp_path / "out", timeout=0.5)
    assert time.monotonic() - started < 10


def test_what_a_callback_raises_ends_the_child_and_is_raised(fake, tmp_path):
    fake("wait")
    seen = []

    def stop(progress):
        seen.extend(_children())
        raise KeyError(progress.message)

    with pytest.raises(KeyError, match="waiting"):
        driftproof.identify("base", tmp_path / "out", progress=stop)
    assert seen and list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_the_child(tmp_path):
    script = (
        "import driftproof, sys\n"
        "try:\n"
        f"    driftproof.identify('base', {str(tmp_path / 'out')!r}, progress=lambda p: print(p.message, flush=True))\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(42)\n"
    )
    environment = {
        **os.environ,
        "DRIFTPROOF": str(FAKE),
        "FAKE": "wait",
        "PYTHONPATH": str(Path(driftproof.__file__).parents[1]),
    }
    if _program.BUNDLED.is_file():
        pytest.skip("the bundled program cannot be replaced in another process")
    child = subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "waiting\n"
    (partial,) = tmp_path.iterdir()
    grandchild = int(partial.name.split(".")[1])
    assert _is_alive(grandchild)
    child.send_signal(signal.SIGINT)
    assert child.wait(20) == 42
    child.stdout.close()
    assert not _is_alive(grandchild) and list(tmp_path.iterdir()) == []


@needs_program
def test_a_program_that_accepts_everything_is_found_out(fake, tmp_path, monkeypatch):
    pytest.importorskip("numpy")
    made = make(tmp_path)
    real = driftproof.verify(made.certificate, base_identity=made.identity, policy=made.policy)
    import json

    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps(dict(real.raw)))
    broken = tmp_path / "broken.drift"
    content = bytearray(made.certificate.read_bytes())
    content[-20] ^= 1
    broken.write_bytes(content)
    monkeypatch.setenv("FAKE_OUTPUT", str(answer))
    fake("accept")
    with pytest.raises(driftproof.CrossCheckDisagreement) as caught:
        driftproof.verify(broken, base_identity=made.identity, policy=made.policy, cross_check=True)
    assert (caught.value.program_exit_code, caught.value.independent_exit_code) == (0, 11)
    fake("success without verdict")
    with pytest.raises(driftproof.ProgramFailed, match="verified False"):
        driftproof.verify(made.certificate, base_identity=made.identity, policy=made.policy)
    fake("accept")
    # One that accepts the right file and says something else about it.
    answer.write_text(json.dumps({**real.raw, "tunedCommitment": "0" * 64}))
    with pytest.raises(driftproof.CrossCheckDisagreement, match="tuned commitment"):
        driftproof.verify(made.certificate, base_identity=made.identity, policy=made.policy, cross_check=True)
    # And one that rejects what is right.
    fake("reject")
    with pytest.raises(driftproof.CrossCheckDisagreement) as caught:
        driftproof.verify(made.certificate, base_identity=made.identity, policy=made.policy, cross_check=True)
    assert (caught.value.program_exit_code, caught.value.independent_exit_code) == (11, 0)
