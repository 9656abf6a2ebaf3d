# SPDX-License-Identifier: Apache-2.0
"""The digest of a model's files, that of OpenSSF Model Signing (docs/attestations.md, "The model digest")."""

import hashlib
import os
import stat

from .errors import OperationalError
from .wire import sha256

#: Left out at the top of a folder.
UNCOUNTED = frozenset({".git", ".gitattributes", ".github", ".gitignore"})


def _digest(path: str) -> bytes:
    state = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                state.update(block)
    except OSError as error:
        raise OperationalError(f"{path}: {error}") from None
    return state.digest()


def _files(folder: str, inside: tuple[str, ...], ignored: set[tuple[str, ...]], links: bool):
    """(path components, path) of all files below a folder."""
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise OperationalError(f"{folder}: {error}") from None
    for entry in entries:
        components = (*inside, entry.name)
        if components in ignored or (not inside and entry.name in UNCOUNTED):
            continue
        try:
            entry.name.encode("utf-8")
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISLNK(mode):
                mode = entry.stat().st_mode
                if not links or not stat.S_ISREG(mode):
                    raise OperationalError(f"{entry.path}: a symbolic link")
        except UnicodeEncodeError:
            raise OperationalError(f"{entry.path!r}: a name that is not UTF-8") from None
        except OSError as error:
            raise OperationalError(f"{entry.path}: {error}") from None
        if stat.S_ISDIR(mode):
            yield from _files(entry.path, components, ignored, links)
        elif stat.S_ISREG(mode):
            yield components, entry.path
        else:
            raise OperationalError(f"{entry.path}: neither a file nor a folder")


def model_digest(path: str, ignored: list[str], links: bool) -> bytes:
    """SHA-256 over the files' digests, in the order of their paths, component by component."""
    if not os.path.isdir(path):
        return sha256(_digest(path))
    left_out = {tuple(part for part in name.split("/") if part not in ("", ".")) for name in ignored}
    found = sorted(_files(path, (), left_out, links), key=lambda each: [part.encode("utf-8") for part in each[0]])
    if not found:
        raise OperationalError(f"{path}: no files")
    return sha256(*(_digest(file) for _, file in found))
