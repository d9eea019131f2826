"""The size of an uploaded image, where it can be read."""

from __future__ import annotations


def image_size(path: str) -> dict[str, int]:
    """Return width and height in pixels; nothing where Pillow (extra "images") is absent or cannot tell."""
    try:
        from PIL import Image
    except ImportError:
        return {}
    try:
        with Image.open(path) as image:
            return {"width": image.width, "height": image.height}
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return {}
