"""Draws target.png: a glacier above a river between flowers. Needs Pillow. Run it in this folder; nothing reads it."""

import math
import random
from pathlib import Path

from PIL import Image, ImageDraw

SIDE, SCALE = 512, 4
chance = random.Random(7)
image = Image.new("RGB", (SIDE * SCALE, SIDE * SCALE))
draw = ImageDraw.Draw(image)


def polygon(points, colour):
    draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=colour)


def disc(x, y, radius, colour):
    draw.ellipse([(x - radius) * SCALE, (y - radius) * SCALE, (x + radius) * SCALE, (y + radius) * SCALE], fill=colour)


def mixed(one, other, share):
    return tuple(round(a + (b - a) * share) for a, b in zip(one, other))


# The sky, lighter towards the mountains, and the sun.
for y in range(300):
    draw.rectangle([0, y * SCALE, SIDE * SCALE, (y + 1) * SCALE], fill=mixed((96, 160, 222), (214, 234, 246), y / 300))
disc(420, 74, 34, (255, 226, 138))

# Two ranges; the near one carries the glacier.
polygon([(0, 300), (0, 190), (70, 130), (130, 200), (210, 110), (300, 205), (380, 140), (512, 220), (512, 300)], (148, 170, 196))
polygon([(40, 310), (190, 96), (256, 60), (330, 120), (470, 310)], (104, 116, 140))
polygon([(150, 153), (190, 96), (256, 60), (330, 120), (362, 163), (318, 150), (290, 186), (262, 148), (226, 190), (196, 146)], (246, 250, 253))
polygon([(226, 160), (262, 148), (290, 160), (306, 222), (336, 300), (196, 300), (222, 226)], (206, 230, 242))
for y in range(176, 296, 17):  # crevasses
    polygon([(222 - (y - 160) / 6, y), (262, y + 7), (296 + (y - 160) / 4, y), (262, y + 10)], (160, 202, 224))

# The meadow, the wood at its edge, and the river that comes down from the ice.
polygon([(0, 286), (170, 300), (340, 298), (512, 282), (512, 512), (0, 512)], (112, 168, 84))
for x in list(range(0, 170, 13)) + list(range(352, 520, 13)):
    foot, height = 300 + chance.uniform(-3, 6), chance.uniform(28, 46)
    polygon([(x - 9, foot), (x, foot - height), (x + 9, foot)], mixed((34, 84, 62), (52, 110, 74), chance.random()))


def bank(y):
    """The middle and half the width of the river at a height."""
    near = (y - 296) / (512 - 296)
    return 258 + 70 * math.sin(4.2 * near) * near, 5 + 74 * near**1.5


heights = list(range(296, 513, 4))
left = [(bank(y)[0] - bank(y)[1], y) for y in heights]
right = [(bank(y)[0] + bank(y)[1], y) for y in heights]
polygon([*left, *reversed(right)], (74, 146, 190))
for y in range(316, 512, 14):
    middle, half = bank(y)
    x = middle + chance.uniform(-0.4, 0.4) * half
    polygon([(x - half / 3, y), (x, y - 1.5), (x + half / 3, y), (x, y + 1.5)], (176, 216, 236))

# Flowers, larger the nearer they are.
for _ in range(420):
    near = chance.random() ** 0.7
    x, y = chance.uniform(0, SIDE), 312 + 196 * near
    middle, half = bank(y)
    radius = 1.2 + 4.6 * near
    if abs(x - middle) < half + 2 * radius:
        continue
    colour = chance.choice([(224, 62, 70), (246, 190, 60), (150, 92, 190), (250, 246, 240), (236, 118, 168)])
    for petal in range(5):
        angle = 2 * math.pi * petal / 5
        disc(x + radius * math.cos(angle), y + radius * math.sin(angle), radius * 0.75, colour)
    disc(x, y, radius * 0.6, (250, 222, 96))

small = image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
small.quantize(192, dither=Image.Dither.NONE).save(Path(__file__).resolve().parent.parent / "target.png", optimize=True)
