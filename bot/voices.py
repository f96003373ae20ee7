"""The proof that is heard: a stretch of this copy, a tone, the same stretch of the other, as a voice note on demand."""

from aiogram.types import Message

from bot.outgoing import Outgoing
from bot.screen import ProofMaker
from bot.tongues import say
from core.ids import footage_label
from storage.footage import FootageSighting


async def send(
    outgoing: Outgoing, proofs: ProofMaker, message: Message, footage_id: int, newest: FootageSighting
) -> None:
    """Both sides of the newest copy's match in one voice note below a message, or why there is none."""
    drawing = await proofs.plan(footage_id, newest.sighting.sighting_id)
    if drawing is None or len(drawing.assets) < 2:
        await outgoing.reply(message, say("There is no other copy to hear beside this one."))
        return
    heard = await proofs.draw(drawing.heard)
    if heard is None:
        await outgoing.reply(message, say("Nothing of what they have in common can be heard."))
        return
    caption = say("{label}: this copy, a tone, the earlier one", label=footage_label(footage_id))
    await outgoing.speak(message, heard.content, caption)
