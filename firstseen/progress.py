"""Progress bars on standard error: never in the way of what a command prints."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class Bars:
    """One bar per stage of a long command; on something that is no terminal, a line per stage."""

    def __init__(self, console: Console) -> None:
        self._console = console
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._stages: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, stage: str, done: int, total: int) -> None:
        """Move the bar of ``stage`` to ``done`` of ``total``."""
        if stage not in self._stages:
            self._stages[stage] = self._progress.add_task(stage, total=total)
            if not self._console.is_terminal:
                self._console.print(f"{stage} …", highlight=False)
        task = self._stages[stage]
        self._progress.update(task, completed=done, total=total)

    async def emit(self, stage: str, done: int, total: int) -> None:
        """The same for commands that report as they go."""
        self.show(stage, done, total)
