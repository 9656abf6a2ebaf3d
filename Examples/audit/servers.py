# SPDX-License-Identifier: Apache-2.0
"""What scripts that audit real servers share: the program, packages from PyPI, models, servers, memory."""

import json
import os
import pathlib
import resource
import subprocess
import sys
import threading
import time
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "Examples/audit"
HOME = ROOT / ".build/audit-servers"
PACKAGES = ["xllamacpp==2026.10.11549", "gguf==0.19.0", "numpy==2.2.6"]
PYTHON = HOME / "bin/python"
FILES = {
    "f32.gguf": ("model", "F32"),
    "f16.gguf": ("model", "F16"),
    "q8.gguf": ("model", "Q8_0"),
    "q4.gguf": ("model", "Q4_0"),
    "small.gguf": ("small", "F16"),
    "other.gguf": ("other", "F16"),
    "lora.gguf": ("model", "F16", "--adapter", str(EXAMPLE / "adapter")),
}


def program():
    named = os.environ.get("DRIFTPROOF")
    for path in [named] if named else [ROOT / ".build/release/driftproof", ROOT / ".build/debug/driftproof"]:
        if path and pathlib.Path(path).exists():
            return str(path)
    sys.exit("the program is not built: swift build -c release")


def packages(seconds=600):
    """Whether the packages are there, installed within so many seconds; says aloud where they cannot be had."""
    if PYTHON.exists() and subprocess.run([PYTHON, "-c", "import xllamacpp, gguf"], capture_output=True).returncode == 0:
        return True
    end = time.monotonic() + seconds
    try:
        venv.create(HOME, with_pip=True)
        command = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--timeout", "10", "--retries", "1"]
        done = subprocess.run([*command, *PACKAGES], capture_output=True, text=True, timeout=max(1, end - time.monotonic()))
        reason = done.stderr.strip().splitlines()[-1:] if done.returncode else []
    except subprocess.TimeoutExpired:
        done, reason = None, [f"not installed within {seconds} s"]
    except (OSError, subprocess.CalledProcessError) as error:
        done, reason = None, [f"no environment for Python packages: {error}"]
    if done is None or done.returncode:
        print("SKIPPED: audits of real servers. PyPI cannot be reached, or has not", ", ".join(PACKAGES), *reason)
        return False
    return True


def write(folder, *names):
    """Writes the models of these names as GGUF."""
    for name in names:
        source, kind, *options = FILES[name]
        command = [PYTHON, EXAMPLE / "gguf_files.py", EXAMPLE / source, folder / name, kind, *options]
        subprocess.run(command, check=True)


def server(model, *options):
    """The command of a server of a model's file."""
    return " ".join([f'"{PYTHON}" "{EXAMPLE / "serve.py"}" "{model}" {{port}}', *options])


class Audits:
    """The commands of `driftproof audit`, with files in one folder."""

    def __init__(self, driftproof, folder):
        self.driftproof, self.folder = driftproof, pathlib.Path(folder)

    def path(self, name):
        return str(self.folder / name)

    def run(self, *arguments, codes=(0,)):
        """What a command says in JSON; ends with its output where it has another exit code."""
        done = subprocess.run([self.driftproof, "audit", *arguments, "--json", "-q"], capture_output=True, text=True)
        if done.returncode not in codes:
            sys.exit(f"audit {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.stdout else {}

    def plan(self, name, *options, mode="audit", margin="0.02"):
        """A plan about a local server, and its key."""
        files = ["-o", self.path(name + ".json"), "--key", self.path(name + ".key")]
        wanted = ["--margin", margin] if margin else []
        self.run("plan", "--mode", mode, *wanted, "--endpoint", "local", "--model-name", "m", *options, *files)

    def record(self, name, command, questions, *options):
        """The plan's reference."""
        out = ["--model-name", "m", "--queries", str(questions), "-o", self.path(name + ".ref")]
        return self.run("record", *self.of(name), "--serve", command, *out, *options)

    def of(self, name):
        return [self.path(name + ".json"), "--key", self.path(name + ".key")]

    def ask(self, name, out, command, *options):
        """The verdict about a server."""
        files = ["--reference", self.path(name + ".ref"), "-o", self.path(out)]
        return self.run("run", *self.of(name), *files, "--serve", command, *options, codes=(0, 20, 21))


class Memory(threading.Thread):
    """What all servers have at once, looked at every 20 ms."""

    def __init__(self):
        super().__init__(daemon=True)
        self.total = self.single = self.most = 0
        self.start()

    def run(self):
        page = resource.getpagesize()
        while True:
            sizes = []
            for folder in pathlib.Path("/proc").iterdir():
                if not folder.name.isdigit():
                    continue
                try:
                    if str(EXAMPLE / "serve.py").encode() in (folder / "cmdline").read_bytes():
                        # A program that has this script among its arguments is no server.
                        if b"python" in (folder / "comm").read_bytes():
                            sizes.append(int((folder / "statm").read_text().split()[1]) * page)
                except (OSError, IndexError):
                    continue
            self.total = max(self.total, sum(sizes))
            self.single = max([self.single, *sizes])
            self.most = max(self.most, len(sizes))
            time.sleep(0.02)
