"""Who has which role where: a file of its own in version 1.2, columns of the users in 1.1."""

from __future__ import annotations

import numpy as np

from adaptlearn.interop.oneroster.layout import OF_1_1, OF_1_2
from adaptlearn.interop.oneroster.rows import Table
from adaptlearn.responses.files.texts import Texts


def named_roles(roles: Table) -> Table:
    """Roles with an id each, made of user, role and organisation where none is given."""
    given = roles.columns.get("sourcedId")
    held = (roles.columns[name].tolist() for name in ("userSourcedId", "role", "orgSourcedId"))
    ids = [":".join(one) for one in zip(*held, strict=True)]
    if given is not None:
        ids = [own or made for own, made in zip(given.tolist(), ids, strict=True)]
    return Table({**roles.columns, "sourcedId": Texts.of(ids)}, roles.rows)


def with_roles(tables: dict[str, Table], version: str) -> dict[str, Table]:
    """The tables as version 1.2 has them: roles have their own, and users name none."""
    users = tables["users.csv"]
    made = dict(tables)
    if version == "1.1":
        made["roles.csv"] = _roles_of(users)
    columns = {
        name: column
        for name, column in users.columns.items()
        if name not in (*OF_1_1["users.csv"], *OF_1_2["users.csv"])
    }
    made["users.csv"] = Table(columns, users.rows)
    return made


def _roles_of(users: Table) -> Table:
    """A row for each user and organisation; the first organisation is the primary one."""
    held = (users.columns[name].tolist() for name in ("sourcedId", "role", "orgSourcedIds"))
    rows: list[tuple[str, ...]] = []
    places: list[int] = []
    for place, user, role, orgs in zip(users.rows.tolist(), *held, strict=True):
        for number, org in enumerate(filter(None, map(str.strip, orgs.split(",")))):
            kind = "secondary" if number else "primary"
            rows.append((user, kind, role, org))
            places.append(place)
    names = ("userSourcedId", "roleType", "role", "orgSourcedId")
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    made = {name: Texts.of(column) for name, column in zip(names, columns, strict=True)}
    return named_roles(Table(made, np.array(places, np.intp)))
