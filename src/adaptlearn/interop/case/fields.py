"""The fields of CASE 1.1, and what each may hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid5

from adaptlearn.curriculum.outline import as_grades, grade_text

NAMESPACE = UUID("6f3d5c1e-8a0b-5b52-9c55-0d6a1f3c7e42")
"""Of identifiers that are made of a text: the same text always gives the same identifier."""

EPOCH = "1970-01-01T00:00:00Z"
"""The time of the last change where nobody tells it."""

TYPES = (
    "isChildOf", "isPeerOf", "isPartOf", "exactMatchOf", "precedes", "isRelatedTo", "replacedBy",
    "exemplar", "hasSkillLevel", "isTranslationOf",
)  # fmt: skip

_SHARED = {"uri": "text", "lastChangeDateTime": "moment", "notes": "text", "extensions": "object"}
_BOTH = {
    "language": "text", "subject": "texts", "subjectURI": "links", "statusStartDate": "date",
    "statusEndDate": "date", "licenseURI": "link",
}  # fmt: skip
DOCUMENT = {
    **_SHARED, **_BOTH, "title": "text", "creator": "text", "frameworkType": "text",
    "officialSourceURL": "text", "publisher": "text", "version": "text", "adoptionStatus": "text",
}  # fmt: skip
ITEM = {
    **_SHARED, **_BOTH, "alternativeLabel": "text", "listEnumeration": "text",
    "abbreviatedStatement": "text", "conceptKeywords": "texts", "conceptKeywordsURI": "link",
    "CFItemTypeURI": "link",
}  # fmt: skip
LINK = {**_SHARED, "sequenceNumber": "integer", "CFAssociationGroupingURI": "link"}

# Fields of CASE 1.0 that only say where else on the server something is.
ADDRESSES = frozenset({"CFDocumentURI", "CFPackageURI", "CFItemAssociationURI"})

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_GRADES = {"IT": None, "PR": -1, "PK": -1, "TK": -1, "KG": 0, "K": 0}


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID with its four hyphens."""
    return _UUID.fullmatch(text) is not None


def made_identifier(text: str) -> str:
    """The UUID that stands for a text."""
    return str(uuid5(NAMESPACE, text))


def as_kind(kind: str, value: Any) -> Any:
    """A value as CASE 1.1 has it; None if it cannot be had."""
    if kind == "text":
        return value or None if isinstance(value, str) else None
    if kind == "texts":
        texts = [value] if isinstance(value, str) else value
        whole = isinstance(texts, list) and all(isinstance(one, str) for one in texts)
        return [one for one in texts if one] or None if whole else None
    if kind == "integer":
        return _integer(value)
    if kind in {"date", "moment"}:
        return _time(kind, value)
    if kind == "link":
        return _link(value)
    if kind == "links":
        links = [_link(one) for one in value] if isinstance(value, list) else [None]
        return None if None in links else links
    return dict(value) if isinstance(value, Mapping) else None


def _integer(value: Any) -> int | None:
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"-?[0-9]{1,9}", value.strip()) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _time(kind: str, value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        if kind == "date":
            return date.fromisoformat(value[:10]).isoformat()
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    if _MOMENT.fullmatch(value):
        return value
    if _MOMENT.fullmatch(f"{value}Z"):
        return f"{value}Z"
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()


def _link(value: Any) -> dict[str, str] | None:
    if not isinstance(value, Mapping):
        return None
    found = {name: value.get(name) for name in ("title", "identifier", "uri")}
    texts = {name: text for name, text in found.items() if isinstance(text, str)}
    return texts if len(texts) == len(found) and is_uuid(texts["identifier"]) else None


def as_levels(value: Any) -> tuple[str, ...] | None:
    """Levels of education, of a list or of a text with commas; None if they are neither.

    Examples
    --------
    >>> as_levels("06, 07"), as_levels(["KG"]), as_levels(None), as_levels(6)
    (('06', '07'), ('KG',), (), None)
    """
    if value is None:
        return ()
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return None
    return tuple(one.strip() for one in value if one.strip())


def grade_of(levels: Sequence[str]) -> int | str | None:
    """The grade, or the lowest and the highest of several, as a curriculum has it.

    Examples
    --------
    >>> grade_of(["06"]), grade_of(["KG", "01", "02"]), grade_of(["UG"])
    (6, 'K-2', None)
    """
    ends = [ends for level in levels if (ends := as_grades(_grade(level))) is not None]
    if not ends:
        return None
    return grade_text((min(low for low, _ in ends), max(high for _, high in ends)))


def _grade(level: str) -> int | str | None:
    return _GRADES.get(level.upper(), level)
