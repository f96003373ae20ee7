"""``python -m demo --out FOLDER``: tells the story, keeps what it showed, fails loudly if a part did not happen."""

import argparse
import asyncio
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from demo.expected import differences
from demo.portraits import keep
from demo.reaper import reap, repeats
from demo.reels import Reels, shoot
from demo.stage import Stage, StoryError, set_stage
from demo.story import CHANNELS, Story, opening

console = Console(highlight=False, soft_wrap=True)
SECONDS_PER_KILL = 6.0
KEPT = frozenset({"cards", "state", "secrets", "config.toml", "firstseen.log", "summary.json"})


def main() -> int:
    """Tell the story; 0 when all of it happened."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo-out"))
    parser.add_argument("--kills", type=int, default=0, help="kill -9 the service so often while the story is told")
    parser.add_argument("--seed", type=int, default=1, help="decides the moments of the kills")
    arguments = parser.parse_args()
    folder: Path = arguments.out.absolute()
    began = time.monotonic()
    wrong: list[str] = []
    try:
        _clear(folder)
        wrong = asyncio.run(_tell(folder, arguments.kills, arguments.seed))
    except* StoryError as errors:
        wrong = [str(error) for error in _alone(errors)]
    for sentence in wrong:
        console.print(f"[red]✗ {sentence}")
    if wrong:
        console.print(f"[red]The story did not happen as it should; the log is {folder / 'firstseen.log'}")
        return 1
    console.print(f"[green]✓ every part happened, in {time.monotonic() - began:.0f} s; look into {folder}")
    return 0


def _alone(group: BaseExceptionGroup[StoryError]) -> list[StoryError]:
    """The errors of a group of groups."""
    nested = [_alone(one) if isinstance(one, BaseExceptionGroup) else [one] for one in group.exceptions]
    return [error for errors in nested for error in errors]


def _clear(folder: Path) -> None:
    """Begin in an empty folder; one that holds anything but an earlier demo is left alone."""
    if folder.exists():
        if strange := [path.name for path in folder.iterdir() if path.name not in KEPT]:
            raise StoryError(f"{folder} holds {', '.join(sorted(strange)[:3])}: choose an empty folder with --out")
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)


async def _shoot() -> Reels:
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("drawing the stand-in footage", total=None)
        return await asyncio.to_thread(shoot, lambda done, total: progress.update(task, completed=done, total=total))


async def _tell(folder: Path, kills: int, seed: int) -> list[str]:
    console.rule("Sergeevka, October 2024")
    async with set_stage(folder) as stage:
        async with asyncio.TaskGroup() as group:
            drawing = group.create_task(_shoot())
            group.create_task(opening(stage))
        reels = drawing.result()
        console.print(f"[green]✓[/] {len(CHANNELS)} channels are watched; the service runs as its own process")
        story = Story(stage, reels, lambda line: console.print(f"[green]✓[/] {line}"))
        stage.patience += SECONDS_PER_KILL * kills
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(reap(stage, kills, seed))
                group.create_task(story.tell())
            await stage.until_settled()
        finally:
            _keep_cards(stage)
        await stage.stop_service()
        findings = await stage.findings()
        (folder / "summary.json").write_text(_summary(findings), encoding="utf-8")
        keys = {name: (post.channel.id, post.id) for name, post in story.posts.items()}
        wrong = differences(story.truth, keys, findings)
        twice, marked = repeats(stage)
        if twice > min(marked, kills):
            wrong.append(f"{twice} cards stand twice, {marked} say so, after {kills} kills")
        if kills:
            console.print(f"[green]✓[/] {kills} kills: {len(findings)} findings, {twice} cards twice, all marked")
        if writes := stage.world.writes():
            wrong.append(f"the collecting account wrote to Telegram: {sorted({event.call for event in writes})}")
        stage.world.check()
        return wrong


def _keep_cards(stage: Stage) -> None:
    for card in stage.cards():
        keep(card, stage.folder / "cards", f"{card.chat.title.lower()}-{card.id:03}")
    answers = [message for message in stage.olena.chat_with(stage.bot).messages if message.sender is stage.bot.user]
    for message in answers:
        keep(message, stage.folder / "cards", f"answer-{message.id:03}")


def _summary(findings: list[dict[str, Any]]) -> str:
    return json.dumps(findings, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main())
