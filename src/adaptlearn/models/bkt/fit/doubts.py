"""What a fit should warn of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adaptlearn.errors import AdaptLearnWarning, ConvergenceWarning, IdentificationWarning
from adaptlearn.models.bkt.em.groups import BORROWED
from adaptlearn.models.bkt.fitted import Fitted
from adaptlearn.validation import some


def doubts(
    found: Fitted, options: Mapping[str, Any]
) -> Iterator[tuple[str, type[AdaptLearnWarning]]]:
    """Messages and their categories.

    Parameters
    ----------
    found : Fitted
    options : mapping of str to value
        The constructor arguments of `BKT` that it was fitted with.
    """
    if found.unidentified:
        yield _unidentified(found.unidentified, options), IdentificationWarning
    if found.converged.all():
        return
    max_iter, remedy = options["max_iter"], "raise max_iter"
    if found.individual is not None:
        yield f"the fit did not converge within {max_iter} steps; {remedy}", ConvergenceWarning
    elif options["tol"] > 0:
        message = (
            f"EM did not converge within {max_iter} steps for skill "
            f"{some(found.skills[~found.converged])}; {remedy} or tol"
        )
        yield message, ConvergenceWarning


def _unidentified(weak: Mapping[Any, str], options: Mapping[str, Any]) -> str:
    told = "; ".join(f"{label!r}: {why}" for label, why in list(weak.items())[:5])
    more = f"; and {len(weak) - 5} more" if len(weak) > 5 else ""
    common, borrow = "of the parameters common to all skills", options["borrow"]
    if options["start"] is not None:
        done = "their parameters are as the start and EM left them"
    elif borrow == 0:
        done = "their parameters are as EM left them"
    elif isinstance(borrow, str):
        done = f"they were fitted, as all skills, with a prior {common}"
    else:
        worth = "ten" if borrow == BORROWED else f"{borrow:g}"
        done = f"they were fitted with a prior worth {worth} observations {common}"
    return (
        f"the answers of {len(weak)} skill(s) cannot identify their parameters: "
        f"{told}{more}; {done} (see unidentified_)"
    )
