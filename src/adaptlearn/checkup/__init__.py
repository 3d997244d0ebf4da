"""What a response log can and cannot tell, found before a model is fitted to it."""

from adaptlearn.checkup.findings import Checkup, Finding
from adaptlearn.checkup.rules import check

__all__ = ["Checkup", "Finding", "check"]
