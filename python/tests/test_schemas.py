# SPDX-License-Identifier: Apache-2.0
"""The JSON Schemas against files and output of the program: what a schema does not name is an error."""

import base64
import importlib.machinery
import importlib.util
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

jsonschema = pytest.importorskip("jsonschema")
referencing = pytest.importorskip("referencing")

from api_support import DIGITS, PAIR, ROOT, has_program  # noqa: E402

SCHEMAS = ROOT / "docs" / "schemas"
SUITE = ROOT / "Conformance"
FIXTURES = ROOT / "Tests" / "Fixtures"
PLACE = "https://schemas.test/"
CONTENTS = {
    str(path.relative_to(SCHEMAS)): json.loads(path.read_text()) for path in sorted(SCHEMAS.rglob("*.schema.json"))
}
REGISTRY = referencing.Registry().with_resources(
    (PLACE + name, referencing.Resource.from_contents(content | {"$id": PLACE + name}))
    for name, content in CONTENTS.items()
)


def problems(name: str, value) -> list[str]:
    schema = {"$ref": f"{PLACE}{name}.schema.json"}
    validator = jsonschema.Draft202012Validator(schema, registry=REGISTRY)
    return [f"{error.json_path}: {error.message:.300}" for error in validator.iter_errors(value)]


def holds(name: str, value) -> None:
    assert problems(name, value) == []


@pytest.mark.parametrize("name", CONTENTS)
def test_is_a_schema(name):
    content = CONTENTS[name]
    jsonschema.Draft202012Validator.check_schema(content)
    assert content["$id"] == Path(name).name and content["title"]
    # Every reference leads somewhere.
    resolver = REGISTRY.resolver(PLACE + name)
    for reference in _references(content):
        resolver.lookup(reference)


def _references(value) -> list[str]:
    if isinstance(value, list):
        return [found for each in value for found in _references(each)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return own + [found for each in value.values() for found in _references(each)]


def test_output_schemas_are_those_of_the_dataclasses():
    done = subprocess.run([sys.executable, ROOT / "python" / "scripts" / "schemas", "--check"], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


# --- files ------------------------------------------------------------------------------------------------------------


def _runner():
    loader = importlib.machinery.SourceFileLoader("conformance_run", str(SUITE / "run"))
    spec = importlib.util.spec_from_loader("conformance_run", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


CASES = json.loads((SUITE / "index.json").read_text())["cases"]
RUNNER = _runner()


def _parsed(content: bytes):
    """JSON, or None for what is none or has comments."""
    try:
        return json.loads(content)
    except ValueError:
        return None


def _files(name: str, reasons=("verified",)) -> list[tuple[str, bytes]]:
    """A file of the cases of the conformance suite, by the case's name."""
    found = []
    for case in CASES:
        file = case["files"].get(name)
        if case["reason"] in reasons and file is not None and not (isinstance(file, dict) and "folder" in file):
            found.append((case["name"], RUNNER.content_of(file)))
    return found


def test_policies_that_are_read():
    checked = 0
    for name, content in _files("policy") + _files("cumulative"):
        value = _parsed(content)
        if value is not None:
            assert problems("policy", value) == [], name
            checked += 1
    for path in [*FIXTURES.glob("*/*/policy.json"), PAIR / "policy.json"]:
        holds("policy", json.loads(path.read_text()))
        checked += 1
    assert checked > 30


#: What is wrong with a policy and a schema does not see: the spelling of numbers, and the inside of patterns.
UNSEEN = {
    "policy/bound-minus-zero",
    "policy/bound-digits",
    "policy/bound-large",
    "policy/bound-small",
    "policy/name-control",
    "policy/pattern-n",
    "policy/pattern-open",
    "policy/pattern-close",
    "policy/pattern-nested",
    "policy/pattern-braces",
    "policy/pattern-backslash",
    "policy/pattern-long",
    "policy/pattern-alternatives",
    "policy/pattern-product",
    # JSON of Python takes these.
    "policy/key-twice",
    "policy/surrogate",
    "policy/marks",
}


def test_policies_that_are_refused():
    seen = {}
    for name, content in _files("policy", ("policyFile",)):
        value = _parsed(content)
        if value is not None and name.startswith("policy/"):
            seen[name] = bool(problems("policy", value))
    assert {name for name, found in seen.items() if not found} == UNSEEN
    assert sum(seen.values()) > 55


def test_descriptions_of_the_policy_schema():
    """Editors show them: each key of a policy has one, here or where it refers to."""
    schema = CONTENTS["policy.schema.json"]
    for name in ("rule", "clause", "bound", "entrywise", "rounding"):
        for key, value in schema["$defs"][name]["properties"].items():
            target = schema["$defs"].get(value.get("$ref", "").rpartition("/")[2], {})
            assert value.get("description") or target.get("description"), f"{name}.{key}"


def test_other_files():
    for path in FIXTURES.glob("*/*/base.identity.json"):
        holds("identity", json.loads(path.read_text()))
    for path in FIXTURES.glob("*/*/opening.json"):
        holds("opening", json.loads(path.read_text()))
    for name, content in _files("tableau"):
        assert problems("tuned-tableau", json.loads(content)) == [], name
    for name, content in _files("revoked"):
        assert problems("revocations", json.loads(content)) == [], name
    for name, content in _files("revoked", ("revocationFile",)):
        # The schema knows neither calendars nor that a subject stands once.
        unseen = ("february", "hour", "month", "twice")
        assert bool(problems("revocations", json.loads(content))) != name.endswith(unseen), name


def test_attestations():
    for path in (SUITE / "files" / "attestations").glob("*.jsonl"):
        envelope = json.loads(path.read_text())
        holds("envelope", envelope)
        holds("attestation-statement", json.loads(base64.b64decode(envelope["payload"])))


@pytest.mark.parametrize("bundle", sorted((SUITE / "files" / "audits").glob("*.tar")), ids=lambda path: path.stem)
def test_bundles(bundle):
    with tarfile.open(fileobj=io.BytesIO(bundle.read_bytes())) as archive:
        members = {member.name: archive.extractfile(member).read() for member in archive}
    holds("audit-plan", json.loads(members["plan.json"]))
    holds("audit-result", json.loads(members["result.json"]))
    for side in ("reference", "candidate"):
        for line in members[f"{side}.ndjson"].splitlines():
            holds("audit-transcript-line", json.loads(line))
    envelope = json.loads(members["attestation.intoto.jsonl"])
    holds("envelope", envelope)
    holds("audit-statement", json.loads(base64.b64decode(envelope["payload"])))


def test_opened_records():
    holds("audit-opened", json.loads((SUITE / "files" / "audits" / "logprobs-opened.json").read_text()))


# --- output -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run():
    """Runs a command with `--json`, and holds what it prints against its schema."""
    if not has_program():
        pytest.skip("no program driftproof: set DRIFTPROOF to a built one, or put it on PATH")
    import driftproof

    program = driftproof.program()

    def run(schema: str, *arguments, code: int = 0):
        done = subprocess.run([program, *map(str, arguments), "--json", "-q"], capture_output=True, timeout=600)
        assert done.returncode == code, done.stderr.decode()
        value = json.loads(done.stdout)
        assert problems(f"output/{schema}", value) == []
        return value

    return run


@pytest.fixture(scope="module")
def made(run, tmp_path_factory):
    """A linked identity, a tableau, a certificate with its transition."""
    folder = tmp_path_factory.mktemp("schemas")
    identity, tableau, secret = (folder / name for name in ("base.json", "tuned.tableau.json", "tableau.secret"))
    run("identify", "identify", PAIR / "base", "--commit", "-o", identity)
    run("commit", "commit", PAIR / "tuned", "--identity", identity, "-o", tableau, "--opening", secret)
    holds("opening", json.loads(secret.read_text()))
    holds("identity", json.loads(identity.read_text()))
    holds("tuned-tableau", json.loads(tableau.read_text()))
    pair = ["--base", PAIR / "base", "--tuned", PAIR / "tuned", "--policy", PAIR / "policy.json"]
    beside = ["--tuned-tableau", tableau, "--tuned-opening", secret, "--transition", folder / "tuned.transition"]
    written = ["--out", folder / "tuned.drift", "--opening", folder / "opening.secret", *beside]
    run("prove", "prove", *pair, "--identity", identity, *written)
    run("prove-dry-run", "prove", *pair, "--dry-run")
    return folder


def test_certificates(run, made):
    certificate, identity = made / "tuned.drift", made / "base.json"
    given = [certificate, "--base-identity", identity, "--policy", PAIR / "policy.json"]
    key, public = (FIXTURES / "attestation" / f"ed25519{end}" for end in (".pem", ".pub.pem"))
    run("attest", "attest", certificate, "--key", key, "--out", made / "x.jsonl", "--tuned", PAIR / "tuned")
    signed = ["--attestation", made / "x.jsonl", "--public-key", public]
    beside = ["--tuned-tableau", made / "tuned.tableau.json", "--transition", made / "tuned.transition"]
    run("verify", "verify", *given)
    run("verify", "verify", *given, *signed, *beside)
    pair = ["--base", PAIR / "base", "--tuned", PAIR / "tuned"]
    checked = [certificate, *pair, "--opening", made / "opening.secret", "--identity", identity]
    run("check", "check", *checked)
    report = ["report", certificate, "--base-identity", identity, "--out", made / "report.html"]
    run("report", *report)
    measured = run("report", *report, *pair)["certificates"][0]["measured"]
    beside = {"filesLeftOut": [], "tiedAliases": [], "adapterNames": None, "exitCode": 0}
    holds("output/inspect", measured["inspection"] | beside)
    run("failure", "verify", *given[:2], DIGITS / "base", *given[3:], code=1)


def test_chains(run):
    files = SUITE / "files" / "chain"
    chain = [files / "root.drift", files / "link.drift", "--base-identity", files / "base.identity.json"]
    run("chain-verify", "chain", "verify", *chain)
    run("report", "report", *chain, "--out", "/dev/null")
    failed = run("chain-verify", "chain", "verify", *chain[1:], code=12)
    assert not failed["verified"]


def test_models(run, tmp_path):
    run("inspect", "inspect", PAIR / "base", PAIR / "tuned")
    run("inspect-adapter", "inspect", PAIR / "base", PAIR / "adapter")
    run("merge", "merge", PAIR / "base", PAIR / "adapter", "-o", tmp_path / "merged")
    run("digest", "digest", PAIR / "base")
    runs = [DIGITS / "runs" / number for number in "123"]
    policy = run("calibrate", "calibrate", "--base", DIGITS / "base", "--runs", *runs)["policy"]
    holds("policy", policy)
    run("policy-init", "policy", "init", "--preset", "mlp", "--base", PAIR / "base")
    run("policy-init", "policy", "init", "--preset", "mlp", "--base", PAIR / "base", "-o", tmp_path / "p.json")
    run("policy-explain", "policy", "explain", tmp_path / "p.json", "--base", PAIR / "base")


def test_refusals(run, tmp_path):
    policy = json.loads((PAIR / "policy.json").read_text())
    policy["rules"][0]["allow"] = {"norm": {"absolute": 0.001}}
    strict = tmp_path / "strict.json"
    strict.write_text(json.dumps(policy))
    pair = ["--base", PAIR / "base", "--tuned", PAIR / "tuned", "--policy", strict]
    made = ["--out", tmp_path / "c.drift", "--opening", tmp_path / "o.secret"]
    assert run("failure", "prove", *pair, *made, code=10)["violationsCount"] > 0
    run("failure", "prove", *pair, code=2)


def test_audits(run, tmp_path):
    server = ROOT / "Tests" / "Audit" / "scripted_server.py"
    serve = ["--serve", f'"{sys.executable}" "{server}" {{port}}']
    plan, key, reference, candidate = (tmp_path / name for name in ("p.json", "k.secret", "r.ndjson", "c.ndjson"))
    small = ["--tokens", "1", "--top", "1", "--margin", "1", "--endpoint", "local", "--model-name", "m"]
    run("audit-plan", "audit", "plan", "--mode", "quick", *small, "--out", plan, "--key", key)
    holds("audit-plan", json.loads(plan.read_text()))
    given = [plan, "--key", key]
    run("audit-record", "audit", "record", *given, "--model-name", "m", "--out", reference, *serve)
    asked = ["audit", "run", *given, "--reference", reference]
    run("audit-run-dry-run", *asked, "--dry-run")
    run("audit-run", *asked, "--out", candidate, *serve)
    transcripts = [plan, reference, candidate, "--key", key]
    run("audit-run", "audit", "compare", *transcripts)
    honest = ["--plan", plan, "--reference", reference, "--honest", candidate]
    run("audit-calibrate", "audit", "calibrate", *honest, "--out", tmp_path / "calibration.json")
    holds("audit-calibration", json.loads((tmp_path / "calibration.json").read_text()))
    sign = ["--sign", FIXTURES / "attestation" / "ed25519.pem", "--out"]
    run("audit-bundle", "audit", "bundle", *transcripts, "--withhold", *sign, tmp_path / "withheld.tar")
    run("audit-bundle", "audit", "bundle", *transcripts, *sign, tmp_path / "audit.tar")
    run("audit-open", "audit", "open", *transcripts, "--records", "0", "--out", tmp_path / "opened.json")
    public = ["--public-key", FIXTURES / "attestation" / "ed25519.pub.pem"]
    run("audit-verify", "audit", "verify", tmp_path / "audit.tar", *public)
    decision = tmp_path / "audit.decision"
    run("audit-prove-dry-run", "audit", "prove", *transcripts, "--dry-run")
    run("audit-prove", "audit", "prove", *transcripts, *sign, decision)
    run("audit-verify-zero-knowledge", "audit", "verify", decision, "--zero-knowledge", *public)
    run("audit-verify", "audit", "verify", tmp_path / "audit.tar", *public, "--decision", decision)
    opened = ["--opened", tmp_path / "opened.json"]
    run("audit-verify", "audit", "verify", tmp_path / "withheld.tar", *public, *opened, code=21)
    page = ["report", tmp_path / "audit.tar", *public, "--out", tmp_path / "page.html"]
    run("report-audit", *page)
    run("report-decision", "report", decision, *public, "--out", tmp_path / "decision.html")


def test_what_stands_beside_audits(run, tmp_path):
    server = f'"{sys.executable}" "{ROOT / "Tests" / "Audit" / "scripted_server.py"}" {{port}}'
    given = ["--reference-serve", server, "--candidate-serve", f"other={server} other", "--margin", "0.1"]
    short = ["--queries", "12", "--audits", "5", "--tokens", "1", "--top", "2"]
    run("audit-suite", "audit", "suite", *given, *short, "-o", tmp_path / "suite.json")
    holds("output/audit-suite", json.loads((tmp_path / "suite.json").read_text()))
    models = ROOT / "Examples" / "audit"
    run("audit-static", "audit", "static", models / "model", models / "small", "-o", tmp_path / "static.json")
    run("audit-static", "audit", "static", PAIR / "base", PAIR / "tuned")
