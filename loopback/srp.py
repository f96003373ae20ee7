"""The server's half of two-step verification: SRP as https://core.telegram.org/api/srp describes it."""

import hashlib
import secrets
from dataclasses import dataclass
from functools import cached_property

GENERATOR = 3
PRIME_BYTES = bytes.fromhex(
    "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f"
    "48198a0aa7c14058229493d22530f4dbfa336f6e0ac925139543aed44cce7c37"
    "20fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64"
    "2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4"
    "a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754"
    "fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4"
    "e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f"
    "0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b"
)
PRIME = int.from_bytes(PRIME_BYTES, "big")
ITERATIONS = 100_000


def wide(number: int) -> bytes:
    """A number as the 256 big-endian bytes all hashes here are made of."""
    return number.to_bytes(256, "big")


def sha256(*parts: bytes) -> bytes:
    """SHA-256 of the parts joined."""
    return hashlib.sha256(b"".join(parts)).digest()


@dataclass(frozen=True)
class Lock:
    """A password as the server keeps it: two salts and the verifier, from which the password cannot be read."""

    salt1: bytes
    salt2: bytes
    verifier: int

    @classmethod
    def around(cls, password: str) -> "Lock":
        """The lock that ``password`` opens."""
        salt1, salt2 = secrets.token_bytes(16), secrets.token_bytes(16)
        first = sha256(salt2, sha256(salt1, password.encode(), salt1), salt2)
        slow = hashlib.pbkdf2_hmac("sha512", first, salt1, ITERATIONS)
        secret = int.from_bytes(sha256(salt2, slow, salt2), "big")
        return cls(salt1, salt2, pow(GENERATOR, secret, PRIME))


class Challenge:
    """One attempt: the server's public number ``b_public``, and the proof the right password would give."""

    def __init__(self, lock: Lock) -> None:
        self.lock = lock
        self.id = secrets.randbits(62)
        self._b = secrets.randbits(2048)

    @cached_property
    def b_public(self) -> bytes:
        """What the client must answer: k·v + g^b."""
        multiplier = int.from_bytes(sha256(PRIME_BYTES, wide(GENERATOR)), "big")
        return wide((multiplier * self.lock.verifier + pow(GENERATOR, self._b, PRIME)) % PRIME)

    def accepts(self, a_public: bytes, proof: bytes) -> bool:
        """Whether ``proof`` (M1) shows that the client who chose ``a_public`` knows the password."""
        a_number = int.from_bytes(a_public, "big")
        if not 1 < a_number < PRIME - 1:
            return False
        mixed = int.from_bytes(sha256(wide(a_number), self.b_public), "big")
        shared = pow(a_number * pow(self.lock.verifier, mixed, PRIME), self._b, PRIME)
        hashes = bytes(x ^ y for x, y in zip(sha256(PRIME_BYTES), sha256(wide(GENERATOR)), strict=True))
        expected = sha256(
            hashes,
            sha256(self.lock.salt1),
            sha256(self.lock.salt2),
            wide(a_number),
            self.b_public,
            sha256(wide(shared)),
        )
        return secrets.compare_digest(expected, proof)
