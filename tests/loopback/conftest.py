"""Pictures and clips for the loopback's own tests."""

import io
from collections.abc import Callable

import pytest
from PIL import Image


@pytest.fixture
def jpeg() -> Callable[..., bytes]:
    """Makes JPEG pictures of a size and a shade."""

    def made(width: int = 320, height: int = 180, shade: int = 128) -> bytes:
        written = io.BytesIO()
        Image.linear_gradient("L").resize((width, height)).point(lambda v: (v + shade) % 256).save(written, "JPEG")
        return written.getvalue()

    return made
