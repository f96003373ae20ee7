"""The server's half of making an auth key: https://core.telegram.org/mtproto/auth_key, in its three questions."""

import secrets
from hashlib import sha1
from typing import Any

from telethon.crypto import AES, AuthKey
from telethon.extensions import BinaryReader
from telethon.helpers import generate_key_data_from_nonce
from telethon.tl import functions, types

from loopback import testkey
from loopback.srp import GENERATOR, PRIME, PRIME_BYTES, wide

P, Q = 1_217_533_147, 1_534_896_953  # primes whose product fits 61 bits, as Telegram's do


class HandshakeError(Exception):
    """The client broke the rules of the exchange; a real server closes the connection."""


class Handshake:
    """One exchange on one connection. ``answer`` takes each question in turn; ``secret`` is there after the last."""

    def __init__(self, now: int) -> None:
        self.secret: bytes | None = None
        self.salt = 0
        self._now = now
        self._server_nonce = secrets.randbits(127)
        self._nonce = 0
        self._new_nonce = 0
        self._a = secrets.randbits(2048)

    def answer(self, question: Any) -> Any:
        """The TL answer to one TL question; HandshakeError for anything out of place."""
        match question:
            case functions.ReqPqMultiRequest() | functions.ReqPqRequest():
                return self._res_pq(question)
            case functions.ReqDHParamsRequest():
                return self._dh_params(question)
            case functions.SetClientDHParamsRequest():
                return self._dh_done(question)
        raise HandshakeError(f"{type(question).__name__} is not part of the key exchange")

    def _res_pq(self, question: Any) -> Any:
        self._nonce = question.nonce
        return types.ResPQ(
            nonce=self._nonce,
            server_nonce=self._server_nonce,
            pq=(P * Q).to_bytes(8, "big"),
            server_public_key_fingerprints=[testkey.fingerprint()],
        )

    def _dh_params(self, question: Any) -> Any:
        inner = _read_hashed(testkey.decrypt(question.encrypted_data))
        if (inner.nonce, inner.server_nonce) != (self._nonce, self._server_nonce):
            raise HandshakeError("foreign nonces")
        if {int.from_bytes(inner.p, "big"), int.from_bytes(inner.q, "big")} != {P, Q}:
            raise HandshakeError("pq was not factored")
        self._new_nonce = inner.new_nonce
        offer = types.ServerDHInnerData(
            nonce=self._nonce,
            server_nonce=self._server_nonce,
            g=GENERATOR,
            dh_prime=PRIME_BYTES,
            g_a=wide(pow(GENERATOR, self._a, PRIME)),
            server_time=self._now,
        )
        plain = bytes(offer)
        hashed = sha1(plain).digest() + plain
        hashed += bytes(-len(hashed) % 16)
        return types.ServerDHParamsOk(
            nonce=self._nonce,
            server_nonce=self._server_nonce,
            encrypted_answer=AES.encrypt_ige(hashed, *self._temporary_key()),
        )

    def _dh_done(self, question: Any) -> Any:
        inner = _read_hashed(AES.decrypt_ige(question.encrypted_data, *self._temporary_key()))
        g_b = int.from_bytes(inner.g_b, "big")
        if not 1 < g_b < PRIME - 1:
            raise HandshakeError("g_b out of range")
        self.secret = wide(pow(g_b, self._a, PRIME))
        self.salt = _low_bytes(self._new_nonce, 32) ^ _low_bytes(self._server_nonce, 16)
        return types.DhGenOk(
            nonce=self._nonce,
            server_nonce=self._server_nonce,
            new_nonce_hash1=AuthKey(self.secret).calc_new_nonce_hash(self._new_nonce, 1),
        )

    def _temporary_key(self) -> tuple[bytes, bytes]:
        key, initial = generate_key_data_from_nonce(self._server_nonce, self._new_nonce)
        return key, initial


def _read_hashed(plain: bytes) -> Any:
    """The object after a SHA-1 of exactly its bytes."""
    with BinaryReader(plain[20:]) as reader:
        inner = reader.tgread_object()
        length = reader.tell_position()
    if sha1(plain[20 : 20 + length]).digest() != plain[:20]:
        raise HandshakeError("wrong hash")
    return inner


def _low_bytes(number: int, width: int) -> int:
    return int.from_bytes(number.to_bytes(width, "little", signed=True)[:8], "little", signed=True)
