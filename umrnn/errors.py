"""Every error umrnn raises on purpose.

::

    UmrnnError                message, hint
     ├─ InputError            an argument or a corpus is unfit for the request (also a ValueError)
     ├─ ModelError            a model or checkpoint file is at fault
     ├─ MissingExtra          an optional library is not installed (also an ImportError)
     └─ CheckFailed           a verification ran and did not hold

A message says what is wrong: name, rule, value. A hint says what to do next.
"""

__all__ = ["CheckFailed", "InputError", "MissingExtra", "ModelError", "UmrnnError"]


class UmrnnError(Exception):
    """Base of all errors raised on purpose; carries an optional next action in ``hint``."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(UmrnnError, ValueError):
    """An argument or a corpus is unfit for what was asked."""


class ModelError(UmrnnError, ValueError):
    """A model or checkpoint file cannot be used."""


class MissingExtra(UmrnnError, ImportError):
    """An optional library is needed; the message names the extra that installs it."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(
            f"{library} is not installed",
            hint=f"install the extra: pip install 'umrnn[{extra}]'",
        )


class CheckFailed(UmrnnError):
    """A verification ran to its end and did not hold."""
