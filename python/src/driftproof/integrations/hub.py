# SPDX-License-Identifier: Apache-2.0
"""The layout of a repository on the Hugging Face Hub: a model with its certificate.

    config.json, model.safetensors, ...   the model, as it was certified
    README.md                             the model card, with base_model, base_model_relation and the facts
    driftproof/tuned.drift                certificate, identity, policy, page, and statement if there is one
    driftproof/...

Runtimes do not look into the folder `driftproof`. A signature of the model's files (OpenSSF Model Signing) is made
after staging, or with `driftproof` ignored, as `driftproof.verify(..., tuned=REPOSITORY, ignore=["driftproof"])` does.
"""

import shutil
from pathlib import Path

from .._process import PathLike
from .bundle import Certified

FOLDER = "driftproof"


def stage(certified: Certified, repository: PathLike) -> Path:
    """Copies a certified model and what is published of its certificate into a new folder; returns it.

    Upload that folder with `huggingface_hub.upload_folder(folder_path=...)`. The opening is not in it.

    Raises:
        FileExistsError: the folder exists.
        ValueError: the opening lies in what would be published.
    """
    target = Path(repository)
    for public in (certified.model, certified.folder):
        if public in certified.opening.parents:
            raise ValueError(f"{certified.opening}: the secret opening lies in {public}, which would be published")
    if target.exists():
        raise FileExistsError(f"{target}: exists already")
    shutil.copytree(certified.model, target)
    shutil.copytree(certified.folder, target / FOLDER)
    return target
