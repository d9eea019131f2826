"""A believable dataset for demonstrations and tests: street scenes from four cities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from taskplan.model.documents import generated_id

FOLDERS = ("/train", "/train/night", "/validation", "/test")
SCENES = ("crossing", "highway", "parking", "residential", "roundabout", "tunnel")
LABELS = ("car", "cyclist", "pedestrian", "truck", "van")


def sample_items(count: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Yield `count` item documents: folders, scenes, scores (a tenth without), some annotated or hidden."""
    folders = rng.choice(len(FOLDERS), size=count, p=(0.55, 0.15, 0.2, 0.1))
    scenes = rng.choice(len(SCENES), size=count, p=(0.3, 0.25, 0.15, 0.15, 0.1, 0.05))
    scores = rng.beta(4, 2, size=count)
    without_score = rng.random(count) < 0.1
    boxes = np.where(rng.random(count) < 0.35, rng.integers(1, 6, size=count), 0)
    hidden = rng.random(count) < 0.02
    sizes = rng.integers(120_000, 900_000, size=count)
    for number in range(count):
        folder = FOLDERS[int(folders[number])]
        filename = f"{folder}/frame_{number:06d}.jpg"
        item_id = generated_id("street-scenes", filename)
        scene = SCENES[int(scenes[number])]
        user: dict[str, Any] = {"scene": scene, "drive": f"{scene}-{number // 40:03d}"}
        if not without_score[number]:
            user["score"] = round(float(scores[number]), 3)
        yield {
            "id": item_id,
            "filename": filename,
            "type": "file",
            "hidden": bool(hidden[number]),
            "metadata": {
                "system": {
                    "size": int(sizes[number]),
                    "mimetype": "image/jpeg",
                    "width": 1920,
                    "height": 1080,
                    "refs": [],
                },
                "user": user,
            },
            "annotations": [
                {
                    "id": generated_id(item_id, str(box)),
                    "itemId": item_id,
                    "type": "box",
                    "label": LABELS[int(label)],
                    "coordinates": [{"x": int(x), "y": int(y)}, {"x": int(x) + 80, "y": int(y) + 60}],
                }
                for box, (label, x, y) in enumerate(
                    zip(
                        rng.integers(0, len(LABELS), size=int(boxes[number])),
                        rng.integers(0, 1800, size=int(boxes[number])),
                        rng.integers(0, 1000, size=int(boxes[number])),
                        strict=True,
                    )
                )
            ],
        }
