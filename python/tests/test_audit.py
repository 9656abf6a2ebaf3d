# SPDX-License-Identifier: Apache-2.0
"""Audits through the API, against an endpoint whose answers follow from the questions."""

import sys
import threading

import pytest
from api_support import ROOT, needs_program

import driftproof
from driftproof import audit
from driftproof.results import AuditResult

pytestmark = needs_program


def server(*behaviour: str) -> str:
    return f'"{sys.executable}" "{ROOT / "Tests" / "Audit" / "scripted_server.py"}" {{port}} {" ".join(behaviour)}'


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    plan = audit.plan(
        mode="quick", endpoint="local", model_name="m", out=folder / "plan.json", key=folder / "key.secret", margin=0.1
    )
    assert plan.mode == "quick" and plan.margin_millionths == 100_000 and plan.run == 1
    heard = []
    record = audit.record(
        folder / "plan.json",
        key=folder / "key.secret",
        model_name="m",
        out=folder / "ref.ndjson",
        serve=server(),
        progress=heard.append,
    )
    assert record.recorded == plan.budget and record.missing == 0 and len(record.root) == 64
    return folder


def run(folder, out, *behaviour, **options) -> AuditResult:
    files = {"key": folder / "key.secret", "reference": folder / "ref.ndjson", "out": out}
    return audit.run(folder / "plan.json", **files, serve=server(*behaviour), **options)


def compare(folder, candidate) -> AuditResult:
    return audit.compare(folder / "plan.json", folder / "ref.ndjson", candidate, key=folder / "key.secret")


def test_the_same_model_is_the_same(recorded, tmp_path):
    found = run(recorded, tmp_path / "cand.ndjson")
    assert found.verdict == "SAME" and found.exit_code == 0 and found.mean_distance == 0
    assert compare(recorded, tmp_path / "cand.ndjson") == found


def test_another_model_is_raised_with_the_result(recorded, tmp_path):
    with pytest.raises(driftproof.EndpointDifferent) as caught:
        run(recorded, tmp_path / "cand.ndjson", "other")
    found = caught.value.result
    assert isinstance(found, AuditResult) and found.verdict == "DIFFERENT" and caught.value.exit_code == 20
    assert found.evidence is None or found.evidence >= found.evidence_needed
    with pytest.raises(driftproof.EndpointDifferent) as again:
        compare(recorded, tmp_path / "cand.ndjson")
    assert again.value.result == found


def test_too_few_requests_are_undecided(recorded, tmp_path):
    with pytest.raises(driftproof.EndpointUndecided) as caught:
        run(recorded, tmp_path / "cand.ndjson", max_queries=3)
    assert caught.value.result.requests == 3 and caught.value.exit_code == 21


def test_bundles(recorded, tmp_path):
    """Margins of honest endpoints, bundles, records that are opened, and what a reader computes again."""
    run(recorded, tmp_path / "cand.ndjson")
    files = [recorded / "plan.json", recorded / "ref.ndjson", tmp_path / "cand.ndjson"]
    key = recorded / "key.secret"
    margin = audit.calibrate(files[0], reference=files[1], honest=files[2:], out=tmp_path / "margin.json")
    assert margin.margin > 0 and len(margin.least) == 1
    keys = ROOT / "Tests" / "Fixtures" / "attestation"
    sign, public_key = keys / "ed25519.pem", keys / "ed25519.pub.pem"
    made = audit.bundle(*files, key=key, sign=sign, out=tmp_path / "audit.tar")
    verified = audit.verify(tmp_path / "audit.tar", public_key=public_key, plan=made.plan)
    assert verified.verified and verified.recomputed and verified.verdict == "SAME"
    assert verified.audit == compare(recorded, files[2]) and verified.key_id == made.key_id
    with pytest.raises(driftproof.IdentityMismatch):
        audit.verify(tmp_path / "audit.tar", public_key=public_key, expect="DIFFERENT")
    with pytest.raises(driftproof.ProofInvalid):
        audit.verify(tmp_path / "audit.tar", public_key=keys / "p256.pub.pem")
    audit.bundle(*files, key=key, sign=sign, out=tmp_path / "withheld.tar", withhold=True)
    opened = audit.open_records(*files, [0, 3], key=key, out=tmp_path / "opened.json")
    assert opened.opened == (0, 3)
    given = {"public_key": public_key, "opened": tmp_path / "opened.json", "records": [0, 3]}
    with pytest.raises(driftproof.EndpointUndecided) as caught:
        audit.verify(tmp_path / "withheld.tar", **given)
    found = caught.value.result
    assert not found.recomputed and found.audit is None and found.opened == (0, 3)
    assert audit.verify(tmp_path / "withheld.tar", **given, accept_withheld=True).verdict == "SAME"


def test_a_transcript_that_was_changed_is_refused(recorded, tmp_path):
    run(recorded, tmp_path / "cand.ndjson")
    lines = (tmp_path / "cand.ndjson").read_text().splitlines(keepends=True)
    (tmp_path / "cut.ndjson").write_text("".join(lines[:3] + lines[4:]))
    with pytest.raises(driftproof.ProofInvalid):
        compare(recorded, tmp_path / "cut.ndjson")


def test_what_it_would_cost(recorded):
    found = audit.forecast(
        recorded / "plan.json",
        key=recorded / "key.secret",
        reference=recorded / "ref.ndjson",
        price_in=1,
        price_out=2,
    )
    assert found.requests > 0 and found.price > 0 and found.expected[0].margins == 1.5


def test_a_cancelled_audit_goes_on_where_it_stopped(recorded, tmp_path):
    cancel = threading.Event()
    timer = threading.Timer(1.5, cancel.set)
    timer.start()
    with pytest.raises(driftproof.Cancelled):
        run(recorded, tmp_path / "cand.ndjson", "slow=0.4", cancel=cancel, concurrency=1)
    timer.join()
    asked = len((tmp_path / "cand.ndjson").read_text().splitlines())
    found = run(recorded, tmp_path / "cand.ndjson")
    assert found.verdict == "SAME" and asked < len((tmp_path / "cand.ndjson").read_text().splitlines())
