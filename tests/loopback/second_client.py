"""An independent MTProto client, run as a process of its own by ``test_mtproto_second_client``.

kurigram shares no code with Telethon: own TL, own crypto, own framing. Talks JSON lines: each fact goes out, the
login code comes in.
"""

import asyncio
import hashlib
import json
import logging
import sys
from pathlib import Path
from typing import Any

from pyrogram import Client, errors
from pyrogram.crypto import rsa
from pyrogram.handlers import DeletedMessagesHandler, EditedMessageHandler, MessageHandler
from pyrogram.session.auth import Auth


def say(fact: str, **values: object) -> None:
    """Send one fact to the test."""
    sys.stdout.write(json.dumps({"fact": fact, **values}) + "\n")
    sys.stdout.flush()


async def heard() -> str:
    """The test's next line."""
    line: str = await asyncio.to_thread(sys.stdin.readline)
    return line.strip()


async def without_key(order: dict[str, Any]) -> Any:
    """A client on our server with an auth key of its own making, signed in as nobody."""
    rsa.server_public_keys[order["fingerprint"]] = rsa.PublicKey(int(order["modulus"], 16), order["exponent"])
    client: Any = Client("second", api_id=1, api_hash="h", workdir=order["folder"], no_updates=False)
    storage = client.storage
    await storage.open()
    await storage.api_id(1)
    await storage.dc_id(2)
    await storage.server_address("127.0.0.1")
    await storage.port(order["port"])
    await storage.test_mode(False)
    await storage.date(0)
    exchange: Any = Auth(client, 2, "127.0.0.1", order["port"], False)
    await storage.auth_key(await exchange.create())
    await storage.user_id(0)
    await storage.is_bot(False)
    await storage.close()
    return client


async def sign_in(client: Any, phone: str, password: str) -> None:
    """Code and two-step password."""
    sent = await client.send_phone_number_code(phone)
    say("code sent")
    try:
        await client.sign_in(phone, sent.phone_code_hash, await heard())
    except errors.SessionPasswordNeeded:
        say("password needed")
        user = await client.check_password(password)
        await client.storage.user_id(user.id)
        say("signed in", user_id=user.id)


async def live(client: Any) -> None:
    """Say what is pushed until the test closes our input."""

    async def posted(_client: Client, message: Any) -> None:
        say("new", text=message.text)

    async def edited(_client: Client, message: Any) -> None:
        say("edited", text=message.text)

    async def deleted(_client: Client, messages: Any) -> None:
        say("deleted", ids=[message.id for message in messages])

    for handler in (MessageHandler(posted), EditedMessageHandler(edited), DeletedMessagesHandler(deleted)):
        client.add_handler(handler)
    await client.initialize()
    say("listening")
    await heard()


async def main() -> None:
    """Everything the contract asks, in one sitting."""
    order = json.loads(await heard())
    client = await without_key(order)
    await client.connect()
    await sign_in(client, order["phone"], order["password"])
    chat = await client.get_chat(order["channel"])
    say("chat", title=chat.title, id=chat.id)
    texts = [message.text or message.caption async for message in client.get_chat_history(order["channel"])]
    say("history", texts=texts)
    async for message in client.get_chat_history(order["channel"], limit=2):
        path = await client.download_media(message, file_name=str(Path(order["folder"]) / f"{message.id}.bin"))
        content = await asyncio.to_thread(Path(path).read_bytes)
        say("file", sha256=hashlib.sha256(content).hexdigest())
    await live(client)
    await client.terminate()
    await client.disconnect()
    say("done")


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    asyncio.run(main())
