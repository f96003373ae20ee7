"""The loopback server's RSA key. Everybody may know it: it guards nothing and serves 127.0.0.1 only.

Fixed because making 2048 bits in Python takes seconds; MTProto blocks need just this length.
"""

import base64
from hashlib import sha1

EXPONENT = 65537
MODULUS = int(
    "bea1e96e296cb67579e3674c070044e3d79039cd8d70a64dd93e5149fd69f8216265717938c235efac7cc1c33e63daf8"
    "aa279131f369878e540d0af6eaa8570850f2c416cc74f83a77d2e49f3ad645aa6e1f7f0b511e0b57db62c142243c1eca"
    "dd8af19c81cd3cbd7bf2b90eed1580a6da6df2c1d8c6dae2fe2f16f75eda93c134d4dff4f1f5db9a73ac9823f0d9c172"
    "82d7b0b8d4fc24749ac3a6ac544ab4a6c7997233d7891031f60bc976c5acb86b9a68186a3ff9dce1b727ec49b5555979"
    "5db53324aa54c60475a9460c29fe829980101fe1016958883a072cae3255ba3da9203b36a220f88d394be7b6358241a8"
    "98db8c890e5534991734560d3d236865",
    16,
)
PRIVATE_EXPONENT = int(
    "05e98b49b9cc70d96e35f6020553d50ade398b1eba8a90908243b55a2b7918fe1633fc18100148e7d1ef8365f936d1ac"
    "ead9cb5e2e0f8b1d083b9330b6a83350699d3a25105632e6ee1e1a69b0a05be64ce682f88cb710cb7676e5b8a6ec7136"
    "d74769651cfe244c8d15984c94e8ee3f5c62d709d0ea9011ab0e69b06ed41ccfb2847cdbab04def8e2a6c8b566c2804f"
    "bae887ad41cc39dd400457cb7616abfd1876ce25dc869771cdb2641f3d28af756e8972ba3901873b694f1cb46f6d5f0c"
    "af7dc2ae538c11ddd1c7fe3987e26ea10de36f51e418374fc030666217cba5d5a8f4359434284c4d3fd9ffaa8cd896e0"
    "369659b3930ea2506cfd99c9aa653c5b",
    16,
)


def fingerprint() -> int:
    """The signed 64-bit number clients look the key up by: the end of SHA-1 over n and e as TL byte strings."""
    digest = sha1(b"\xfe\x00\x01\x00" + MODULUS.to_bytes(256, "big") + b"\x03" + EXPONENT.to_bytes(3, "big")).digest()
    return int.from_bytes(digest[-8:], "little", signed=True)


def public_pem() -> str:
    """The public half as PKCS #1 PEM, which is what Telethon's ``rsa.add_key`` takes."""
    integers = _der(0x02, b"\x00" + MODULUS.to_bytes(256, "big")) + _der(0x02, EXPONENT.to_bytes(3, "big"))
    text = base64.encodebytes(_der(0x30, integers)).decode()
    return f"-----BEGIN RSA PUBLIC KEY-----\n{text}-----END RSA PUBLIC KEY-----\n"


def decrypt(block: bytes) -> bytes:
    """Undo the raw RSA of one 256-byte block; the answer is 255 bytes, MTProto's padded plain text."""
    return pow(int.from_bytes(block, "big"), PRIVATE_EXPONENT, MODULUS).to_bytes(256, "big")[1:]


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    head = bytes([length]) if length < 128 else b"\x82" + length.to_bytes(2, "big")
    return bytes([tag]) + head + content
