"""What a response log can and cannot tell, found before a model is fitted to it."""

from adaptlearn.checkup.checking import check
from adaptlearn.checkup.findings import Checkup, Finding

__all__ = ["Checkup", "Finding", "check"]
