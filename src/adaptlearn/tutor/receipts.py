"""What recording and taking over give back."""

from __future__ import annotations

from typing import NamedTuple


class Receipt(NamedTuple):
    """What became of an event.

    Attributes
    ----------
    id : str or None
        The event's id; None for a refused event without one.
    status : {"new", "known", "conflict", "erased", "refused"}
        ``"new"``: the event is durable. ``"known"``: it was durable before. ``"conflict"``: another
        event has the same id and other content; the store keeps both, and neither counts.
        ``"erased"``: the student was erased before, and the event was not kept. ``"refused"``: the
        event is wrong, and was not kept (only with ``partial=True``).
    problems : tuple of str
        What is wrong with a refused event.
    """

    id: str | None
    status: str
    problems: tuple[str, ...] = ()


class Synced(NamedTuple):
    """What `Tutor.sync` did.

    Attributes
    ----------
    model, curriculum : str
        The fingerprints that are in use now.
    lost : tuple of str
        Overrides, goals and lessons done that name a lesson or a skill that the curriculum no
        longer has. They stay in the store, and count again if the curriculum has it again.
    """

    model: str
    curriculum: str
    lost: tuple[str, ...]
