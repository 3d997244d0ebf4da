"""The files of a OneRoster export, and what their columns hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

VERSIONS = ("1.1", "1.2")
MODES = ("bulk", "delta", "absent")

COMMON = ("sourcedId", "status", "dateLastModified")


class Layout(NamedTuple):
    """What a file of a roster may hold.

    Attributes
    ----------
    required : tuple of str
        Columns that must be there, and whose cells may not be empty.
    optional : tuple of str
        Further columns of the standard that are kept.
    personal : tuple of str
        Kept only if asked for.
    references : mapping of str to str
        Columns that name rows of another file, or of the same.
    lists : tuple of str
        Columns whose cells hold several values with commas between them.
    dates : tuple of str
        Columns of dates, beside ``dateLastModified``.
    words : mapping of str to tuple of str
        Columns with a vocabulary, and its words.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    references: Mapping[str, str] = {}
    lists: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    words: Mapping[str, tuple[str, ...]] = {}

    @property
    def kept(self) -> tuple[str, ...]:
        """The columns of a table of a roster, without the personal ones."""
        return tuple(dict.fromkeys((*self.required, *self.optional, *COMMON[1:])))


ROLES = (
    "administrator", "aide", "guardian", "parent", "proctor", "relative", "student", "teacher",
    "counselor", "districtAdministrator", "principal", "siteAdministrator", "systemAdministrator",
)  # fmt: skip
TRUTH = ("true", "false")
STATUS = ("active", "inactive", "tobedeleted")

LAYOUTS: Mapping[str, Layout] = {
    "orgs.csv": Layout(
        required=("sourcedId", "name", "type"),
        optional=("identifier", "parentSourcedId"),
        references={"parentSourcedId": "orgs.csv"},
        words={"type": ("department", "school", "district", "local", "state", "national")},
    ),
    "academicSessions.csv": Layout(
        required=("sourcedId", "title", "type", "startDate", "endDate", "schoolYear"),
        optional=("parentSourcedId",),
        references={"parentSourcedId": "academicSessions.csv"},
        dates=("startDate", "endDate"),
        words={"type": ("gradingPeriod", "semester", "schoolYear", "term")},
    ),
    "courses.csv": Layout(
        required=("sourcedId", "title", "orgSourcedId"),
        optional=("courseCode", "grades", "schoolYearSourcedId", "subjects", "subjectCodes"),
        references={
            "orgSourcedId": "orgs.csv",
            "schoolYearSourcedId": "academicSessions.csv",
        },
        lists=("grades", "subjects", "subjectCodes"),
    ),
    "classes.csv": Layout(
        required=(
            "sourcedId", "title", "courseSourcedId", "classType", "schoolSourcedId",
            "termSourcedIds",
        ),
        optional=("classCode", "grades", "location", "periods", "subjects", "subjectCodes"),
        references={
            "courseSourcedId": "courses.csv",
            "schoolSourcedId": "orgs.csv",
            "termSourcedIds": "academicSessions.csv",
        },
        lists=("termSourcedIds", "grades", "subjects", "subjectCodes", "periods"),
        words={"classType": ("homeroom", "scheduled")},
    ),
    "users.csv": Layout(
        required=("sourcedId", "enabledUser"),
        optional=("grades",),
        personal=(
            "username", "givenName", "familyName", "middleName", "preferredGivenName",
            "preferredMiddleName", "preferredFamilyName", "pronouns", "identifier", "userIds",
            "userMasterIdentifier", "email", "sms", "phone", "password", "agentSourcedIds",
        ),
        lists=("grades",),
        words={"enabledUser": TRUTH},
    ),
    "roles.csv": Layout(
        required=("userSourcedId", "roleType", "role", "orgSourcedId"),
        optional=("sourcedId", "beginDate", "endDate", "userProfileSourcedId"),
        references={"userSourcedId": "users.csv", "orgSourcedId": "orgs.csv"},
        dates=("beginDate", "endDate"),
        words={"role": ROLES, "roleType": ("primary", "secondary")},
    ),
    "enrollments.csv": Layout(
        required=("sourcedId", "classSourcedId", "schoolSourcedId", "userSourcedId", "role"),
        optional=("primary", "beginDate", "endDate"),
        references={
            "classSourcedId": "classes.csv",
            "schoolSourcedId": "orgs.csv",
            "userSourcedId": "users.csv",
        },
        dates=("beginDate", "endDate"),
        words={"role": ("administrator", "proctor", "student", "teacher"), "primary": TRUTH},
    ),
}  # fmt: skip

IN_FILE: Mapping[str, tuple[str, ...]] = {
    "users.csv": ("username", "givenName", "familyName"),  # required, though not kept
}
OF_1_1: Mapping[str, tuple[str, ...]] = {"users.csv": ("orgSourcedIds", "role")}
OF_1_2: Mapping[str, tuple[str, ...]] = {"users.csv": ("primaryOrgSourcedId",)}
"""Columns of one version, from which the table of roles comes."""

OTHERS = (
    "categories.csv", "classResources.csv", "courseResources.csv", "demographics.csv",
    "lineItems.csv", "lineItemLearningObjectiveIds.csv", "lineItemScoreScales.csv",
    "resources.csv", "resultLearningObjectiveIds.csv", "results.csv", "resultScoreScales.csv",
    "scoreScales.csv", "userProfiles.csv", "userResources.csv",
)  # fmt: skip
"""Files of the standard that no roster needs."""
