# SPDX-License-Identifier: Apache-2.0
"""Revocation lists (format.md, "Revocation list"; specification/chain.md, section 6)."""

import re
from calendar import monthrange
from dataclasses import dataclass

from . import strictjson
from .errors import OperationalError

MAXIMUM_BYTES = 16 << 20
_DATE = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]{1,9})?(?:Z|[+-]([0-9]{2}):([0-9]{2}))"
)


@dataclass(frozen=True)
class RevocationList:
    commitments: frozenset[bytes] = frozenset()
    certificates: frozenset[bytes] = frozenset()


def is_date(spelled: str) -> bool:
    """Whether a text is a date as in RFC 3339."""
    found = _DATE.fullmatch(spelled)
    if not found:
        return False
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    zone_hour, zone_minute = (int(part or 0) for part in found.groups()[6:])
    if not 1 <= month <= 12:
        return False
    return (
        1 <= day <= monthrange(year or 400, month)[1]  # year 0 is a leap year, as 400 is
        and max(hour, zone_hour) <= 23
        and max(minute, zone_minute) <= 59
        and second <= 60
    )


def read_revocations(content: bytes) -> RevocationList:
    what = "revocation list"
    entry = strictjson.members(strictjson.parse(content, what), what, ("driftRevocations", "revoked"))
    strictjson.plain_integer(entry["driftRevocations"], what, 1, 1)
    subjects: dict[str, set[bytes]] = {"commitment": set(), "certificate": set()}
    for number, each in enumerate(strictjson.array(entry["revoked"], what), 1):
        place = f"{what}: entry {number}"
        line = strictjson.members(each, place, ("reason", "date"), ("commitment", "certificate"))
        if ("commitment" in line) == ("certificate" in line):
            raise OperationalError(f"{place}: either commitment or certificate is expected")
        kind = "commitment" if "commitment" in line else "certificate"
        subject = strictjson.hexadecimal(line[kind], place)
        if subject in subjects[kind]:
            raise OperationalError(f"{place}: the same subject stands twice")
        subjects[kind].add(subject)
        if not 1 <= len(strictjson.string(line["reason"], place).encode()) <= 4096:
            raise OperationalError(f"{place}: a reason of 1 to 4096 bytes is expected")
        if not is_date(strictjson.string(line["date"], place)):
            raise OperationalError(f"{place}: a date as in RFC 3339 is expected")
    return RevocationList(frozenset(subjects["commitment"]), frozenset(subjects["certificate"]))
