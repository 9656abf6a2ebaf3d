# SPDX-License-Identifier: Apache-2.0
"""Platform tags, and wheels with and without a program."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("elftools", reason="pyelftools reads what a program needs")

from wheel_platform import COMPILER_LIBRARIES, NotPortable, Program, read_program  # noqa: E402

PROJECT = Path(__file__).parents[1]


def program(*libraries: str, **versions: str) -> Program:
    numbers = {family: tuple(map(int, version.split("."))) for family, version in versions.items()}
    return Program("x86_64", libraries, numbers)


def test_the_tag_follows_from_the_newest_symbol():
    assert program("libc.so.6", GLIBC="2.34").platform_tag == "manylinux_2_34_x86_64"
    assert program("libc.so.6", GLIBC="2.9").platform_tag == "manylinux_2_17_x86_64"  # 9 is older than 17
    assert program().platform_tag == "manylinux_2_17_x86_64"  # static


def test_the_compilers_libraries_count_too():
    old = program("libc.so.6", "libstdc++.so.6", GLIBC="2.17", GLIBCXX="3.4.19")
    assert old.platform_tag == "manylinux_2_17_x86_64"
    newer = program("libc.so.6", "libstdc++.so.6", GLIBC="2.17", GLIBCXX="3.4.29")
    assert newer.platform_tag == "manylinux_2_34_x86_64"
    newest = program("libc.so.6", "libstdc++.so.6", GLIBC="2.17", GLIBCXX="3.4.99")
    assert newest.platform_tag == "linux_x86_64" and "newer" in newest.explanation[1]


def test_other_libraries_make_it_no_manylinux_wheel():
    found = program("libc.so.6", "libcrypto.so.3", GLIBC="2.17")
    assert found.platform_tag == "linux_x86_64" and "libcrypto.so.3" in found.explanation[1]
    private = Program("aarch64", ("libc.so.6",), {"GLIBC": (2, 17)}, ("GLIBC_PRIVATE",))
    assert private.platform_tag == "linux_aarch64" and "GLIBC_PRIVATE" in private.explanation[1]


def test_the_table_agrees_with_auditwheel():
    policies = pytest.importorskip("auditwheel.policy")
    import json

    places = json.loads((Path(policies.__file__).parent / "manylinux-policy.json").read_text())
    known = {each["name"]: each["symbol_versions"].get("x86_64", {}) for each in places}
    for glibc, offered in COMPILER_LIBRARIES.items():
        for family, version in offered.items():
            theirs = [
                tuple(map(int, v.split(".")))
                for v in known[f"manylinux_{glibc[0]}_{glibc[1]}"][family]
                if v[0].isdigit()
            ]
            assert max(theirs) == version, (glibc, family)


def test_files_that_are_no_programs():
    with pytest.raises(NotPortable):
        read_program(__file__)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("a small program is compiled")
    folder = tmp_path_factory.mktemp("compiled")
    (folder / "main.c").write_text('#include <stdio.h>\nint main(void) { puts("{}"); return 0; }\n')
    subprocess.run([compiler, folder / "main.c", "-o", folder / "driftproof"], check=True)
    return folder / "driftproof"


def build(folder: Path, **environment: str) -> Path:
    pytest.importorskip("hatchling")
    clean = {name: value for name, value in os.environ.items() if name != "DRIFTPROOF"}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=PROJECT, env={**clean, **environment}, check=True, capture_output=True)
    (wheel,) = folder.iterdir()
    return wheel


def test_a_wheel_without_a_program_is_pure(tmp_path):
    wheel = build(tmp_path)
    assert wheel.name.endswith("-py3-none-any.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "driftproof/py.typed" in names and "driftproof/independent/verifier.py" in names
    assert {"driftproof/schemas/policy.schema.json", "driftproof/schemas/output/verify.schema.json"} <= {*names}
    assert "driftproof/independent/words.txt" in names
    assert not any("_bin" in name for name in names)


def test_a_wheel_with_a_program_has_its_tag_and_runs_it(compiled, tmp_path):
    compiled.with_name("driftproof.cdx.json").write_text("{}")
    wheel = build(tmp_path / "one", DRIFTPROOF=str(compiled))
    tag = read_program(str(compiled)).platform_tag
    assert wheel.name.endswith(f"-py3-none-{tag}.whl")
    again = build(tmp_path / "two", DRIFTPROOF=str(compiled))
    assert wheel.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(wheel) as content:
        assert "Root-Is-Purelib: false" in content.read("driftproof-0.1.0.dist-info/WHEEL").decode()
        assert content.getinfo("driftproof/_bin/driftproof").external_attr >> 16 & 0o111
        assert content.read("driftproof/_bin/driftproof.cdx.json") == b"{}"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", tmp_path / "installed", wheel],
        check=True,
    )
    done = subprocess.run(
        [sys.executable, "-c", "import driftproof; print(driftproof.program())"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed"), "DRIFTPROOF": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = Path(done.stdout.strip())
    assert found == tmp_path / "installed" / "driftproof" / "_bin" / "driftproof" and os.access(found, os.X_OK)
    assert subprocess.run([found], capture_output=True, text=True).stdout == "{}\n"
    # And as a command of the environment, which becomes the program.
    command = tmp_path / "installed" / "bin" / "driftproof"
    done = subprocess.run(
        [command], env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")}, capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout == "{}\n", done.stderr


def test_a_variable_that_names_nothing_stops_the_build(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        build(tmp_path, DRIFTPROOF="/nonexistent/driftproof")
