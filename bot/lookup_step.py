"""Step: a question written down → the file downloaded, looked up, and the answer put where "looking…" stood.

The file lives in a directory of its own outside the vault and is gone afterwards: nothing that members send is kept.
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import structlog
from aiogram import Bot
from aiogram.types import BufferedInputFile, Message

from bot import words
from bot.answers import compose_answer, compose_notice
from bot.calls import Fate, attempt
from bot.cards import Card
from bot.download import fetch
from bot.hearing import spoken_to
from bot.outgoing import Outgoing
from bot.pace import Lane, Pace
from bot.screen import Screen
from core.errors import Gone, TooLarge, Transient
from pipeline.lookup import LookUpAnswer, LookUpProgress
from storage import look_ups
from storage.database import Reader, Tx
from storage.look_ups import LookUp
from storage.opening import Store

REPLY_WINDOW, AGAIN = 30.0, 3.0  # seconds until an answer whose fate nobody knows is sent, or edited, again
_log = structlog.get_logger("lookup")


class Asker(Protocol):
    """Answers "have we seen this?"."""

    async def ask(self, path: Path, progress: LookUpProgress) -> LookUpAnswer:
        """Look up the file at ``path``; ``progress`` hears the stages."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What is to be said: a message, perhaps with a picture; ``kind`` goes into the log."""

    kind: str
    card: Card
    picture: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A question and what became of its answer."""

    question: LookUp
    kind: str
    message_id: int | None


class LookUpStep:
    """Answers members' questions about media."""

    queue = "look_up"
    slots = 1

    def __init__(self, store: Store, bot: Bot, outgoing: Outgoing, pace: Pace, screen: Screen, asker: Asker) -> None:
        self._store = store
        self._bot = bot
        self._outgoing = outgoing
        self._pace = pace
        self._screen = screen
        self._asker = asker
        self._found: dict[int, Answer] = {}  # answers that wait for their turn in the chat

    async def load(self, reader: Reader, key: str) -> LookUp | None:
        """The question; nothing when it is answered."""
        question = await look_ups.look_up(reader, int(key))
        return None if question is None or question.answered_at is not None else question

    async def work(self, given: LookUp) -> Answered:
        """Look it up once, then put the answer on the screen when the chat allows it."""
        async with spoken_to(self._store, given.chat_id):
            return await self._answer(given)

    async def _answer(self, given: LookUp) -> Answered:
        answer = self._found.get(given.look_up_id) or await self._find(given)
        self._found = {**self._found, given.look_up_id: answer}
        if (wait := self._pace.wait(given.chat_id, Lane.ANSWER)) > 0:
            raise Transient("the answer waits for its turn in the chat", retry_in=wait)
        message_id = await self._show(given, answer)
        self._found = {number: kept for number, kept in self._found.items() if number != given.look_up_id}
        return Answered(given, answer.kind, message_id)

    async def save(self, tx: Tx, made: Answered) -> None:
        """The question is answered."""
        await look_ups.answered(tx, made.question.look_up_id, made.kind, self._store.clock.now())

    async def _find(self, question: LookUp) -> Answer:
        async def progress(stage: str) -> None:
            await self._tell_stage(question, stage)

        await progress("downloading")
        with tempfile.TemporaryDirectory(prefix="firstseen-") as folder:
            path = Path(folder) / "question"
            try:
                with path.open("xb") as target:
                    await fetch(self._bot, question.file_id, target)
            except TooLarge:
                return Answer("too_large", compose_notice(words.TOO_LARGE()))
            except Gone:
                return Answer("gone", compose_notice(words.FILE_GONE()))
            found = await self._asker.ask(path, progress)
        return Answer(found.kind, compose_answer(found), found.picture)

    async def _tell_stage(self, question: LookUp, stage: str) -> None:
        """Progress is shown where it costs nobody anything: in private."""
        if question.chat_id > 0 and question.answer_id is not None and stage in words.STAGES:
            await self._outgoing.rewrite(question.chat_id, question.answer_id, words.STAGES[stage]())

    async def _show(self, question: LookUp, answer: Answer) -> int | None:
        """Put the answer in place of "looking…", or under the question when that is gone; where it stands."""
        self._pace.take(question.chat_id)
        outcome = await attempt(self._call(question, answer))
        match outcome.fate:
            case Fate.DONE | Fate.AS_IT_WAS:
                return outcome.message.message_id if outcome.message else question.answer_id
            case Fate.MESSAGE_GONE if question.answer_id is not None:
                return await self._show(replace(question, answer_id=None), answer)
            case Fate.FILE_GONE if answer.picture is not None:
                return await self._show(question, replace(answer, picture=None))
            case Fate.LATER:
                self._pace.hold(question.chat_id, outcome.seconds)
                raise Transient(outcome.reason, retry_in=outcome.seconds)
            case Fate.UNKNOWN:
                raise Transient(outcome.reason, retry_in=REPLY_WINDOW if question.answer_id is None else AGAIN)
        _log.warning("answer_failed", look_up_id=question.look_up_id, fate=outcome.fate.name, reason=outcome.reason)
        return None

    async def _call(self, question: LookUp, answer: Answer) -> Message | bool:
        photo = BufferedInputFile(answer.picture, "frames.jpg") if answer.picture else None
        if question.answer_id is None:
            return await self._screen.reply(
                question.chat_id, question.message_id, question.thread_id, answer.card, photo
            )
        if photo is not None:
            return await self._screen.change_picture(question.chat_id, question.answer_id, answer.card, photo)
        return await self._screen.change_words(question.chat_id, question.answer_id, answer.card, pictured=False)
