# SPDX-License-Identifier: Apache-2.0
"""The layout in an MLflow run: artifacts under `driftproof/`, tags for what is compared, metrics for what is plotted.

artifacts  driftproof/tuned.drift, base.identity.json, policy.json, report.html, tuned.intoto.jsonl
tags       driftproof.verified, .base_identity, .tuned_commitment, .policy, .policy_digest, .relation
metrics    driftproof.security_bits, .certified_parameters, .frozen_parameters, .certificate_bytes, .prove_seconds
"""

from typing import Any

from .bundle import Certified

PATH = "driftproof"


def log(certified: Certified, *, run_id: str | None = None) -> None:
    """Logs a certificate to the active run, or to the one that is named. The opening is not logged."""
    try:
        from mlflow.tracking import MlflowClient, fluent
    except ImportError as error:
        raise ImportError("driftproof.integrations.mlflow needs mlflow: pip install 'driftproof[mlflow]'") from error

    if certified.folder in certified.opening.parents:
        raise ValueError(
            f"{certified.opening}: the secret opening lies in {certified.folder}, which would be published"
        )
    run = run_id
    if run is None:
        active: Any = fluent.active_run()
        if active is None:
            raise ValueError("no run of MLflow is active: start one, or name one with run_id")
        run = active.info.run_id
    client = MlflowClient()
    facts = certified.verification
    client.log_artifacts(run, str(certified.folder), artifact_path=PATH)
    tags = {
        "verified": "true" if facts.verified and not facts.proves_nothing else "false",
        "base_identity": facts.base_identity,
        "tuned_commitment": facts.tuned_commitment,
        "policy": facts.policy_name,
        "policy_digest": facts.policy_digest,
        "relation": certified.relation,
    }
    for name, value in tags.items():
        client.set_tag(run, f"{PATH}.{name}", value)
    metrics = {
        "security_bits": facts.security_bits,
        "certified_parameters": facts.certified_parameters,
        "frozen_parameters": facts.frozen_parameters,
        "certificate_bytes": facts.certificate_bytes,
        "prove_seconds": certified.proof.prove_seconds,
    }
    for name, number in metrics.items():
        if number is not None:
            client.log_metric(run, f"{PATH}.{name}", float(number))
