# SPDX-License-Identifier: Apache-2.0
"""How far a command is. The program says which phase it is in, not which share of the work is done."""

import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Progress:
    """What the program has begun to do.

    Attributes:
        command: such as "prove" or "chain verify".
        message: the phase, such as "commitment", or a remark, as the program writes it to standard error.
        step: how many messages there were before, from 0.
        seconds: since the command began.
    """

    command: str
    message: str
    step: int
    seconds: float


#: None: a bar of tqdm where a person looks and tqdm is installed; True: always; False: nothing. A function is called
#: with every `Progress`, in the thread that called the command; what it raises ends the program, and is raised again.
ProgressOption = Callable[[Progress], None] | bool | None


class CancelToken(Protocol):
    """What is asked whether to stop, several times a second: a `threading.Event`, for instance."""

    def is_set(self) -> bool: ...


class Reporter:
    """Passes on what the program says; this one says nothing."""

    def message(self, progress: Progress) -> None:
        """The program began something."""

    def tick(self) -> None:
        """Time passed."""

    def close(self) -> None:
        """The command is over."""


class _Callback(Reporter):
    def __init__(self, function: Callable[[Progress], None]) -> None:
        self.function = function

    def message(self, progress: Progress) -> None:
        self.function(progress)


class _Bar(Reporter):
    """A line of tqdm: what is being done and for how long. No share, as none is known."""

    def __init__(self, command: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a notebook without widgets gets a text bar, and need not hear why
            from tqdm.auto import tqdm

            self.bar: Any = tqdm(desc=f"driftproof {command}", bar_format="{desc} [{elapsed}]", leave=False)
        self.command = command
        self.shown = time.monotonic()

    def message(self, progress: Progress) -> None:
        self.bar.set_description_str(f"driftproof {self.command}: {progress.message}")

    def tick(self) -> None:
        if time.monotonic() - self.shown > 0.5:
            self.shown = time.monotonic()
            self.bar.refresh()

    def close(self) -> None:
        self.bar.close()


def _is_watched() -> bool:
    """Whether standard error is a terminal, or this is a notebook."""
    try:
        if sys.stderr is not None and sys.stderr.isatty():
            return True
    except ValueError:  # closed
        return False
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def reporter(option: ProgressOption, command: str) -> Reporter:
    """What `option` means."""
    if option is False:
        return Reporter()
    if callable(option):
        return _Callback(option)
    if option is None and not _is_watched():
        return Reporter()
    try:
        return _Bar(command)
    except ImportError:
        if option is True:
            raise
        return Reporter()
