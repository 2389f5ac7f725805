"""Trains the layout model: a flow model over where things are in a picture.

    pip install -r requirements.txt
    python layout.py <output folder> <minutes>

It writes <output folder>/layout.onnx (fp32); `npm run quantise -- <file>` makes the shipped weights of it.
No pictures are involved: the training data are random scenes that follow the rules of `LayoutRules` below.
The shipped weights took 8.5 minutes on one CPU thread (1,645 steps of 256 scenes).

A scene is 11 slots of 4 numbers. Slot 0 describes the scene: horizon, wave phase, wave height, light. Slots 1-4
hold what the prompt asked for, 5-10 its surroundings: x, y, log size, tilt. `../../src/layout.ts` reads them back.
"""

import copy
import os
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

SLOT_COUNT = 11
SLOT_SIZE = 4
MAIN_SLOTS = range(1, 5)
DECOR_SLOT_COUNT = 6

# Category numbers as in ../../src/conditioning.ts; 0 is an empty slot.
GROUND, TALL, SKY, FLOAT, WATER, THING, PLANT = range(1, 8)
CATEGORY_COUNT = 8
SIZE_BY_CATEGORY = torch.tensor([1.0, 1.0, 1.35, 0.72, 0.7, 0.9, 0.8, 0.75])

# Scenes as in ../../src/places.ts; a horizon of 2 means that the scene has none.
HORIZONS = torch.tensor([2, .6, .62, .66, .6, .5, 2, .75, 2, .62, .6, .68, .72, .72, .65, 2.])  # fmt: skip
SCENE_COUNT = 16
TRAINED_SCENES = 15
UNCONDITIONAL_SCENE = 15
UNCONDITIONAL_CATEGORY = THING

POSITION_SCALE = 3.4
REFERENCE_SIZE = 0.25
LOG_SIZE_SCALE = 1.8
HORIZON_CENTRE = 0.58
HORIZON_SCALE = 9

CANDIDATES = 12
BATCH = 256
LEARNING_RATE = 2e-3
WARM_UP_STEPS = 50
CAPTION_DROPOUT = 0.12
EMA_BURN_IN_STEPS = 300


class LayoutRules:
    """Random scenes with perspective, feet on the ground, a band of sky, and room between things."""

    def __init__(self, seed: int):
        self.generator = torch.Generator().manual_seed(seed)

    def uniform(self, *shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=self.generator)

    def integers(self, high: int, *shape: int) -> torch.Tensor:
        return torch.randint(0, high, shape, generator=self.generator)

    def normal(self, *shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=self.generator)

    def categories(self, scene: torch.Tensor, main_count: torch.Tensor) -> torch.Tensor:
        """Which kind of thing is in which slot."""
        batch = len(scene)
        decor_count = self.integers(DECOR_SLOT_COUNT + 1, batch)
        decor_count = decor_count * ~((scene == 0) & (self.uniform(batch) < 0.7))
        category = 1 + self.integers(CATEGORY_COUNT - 1, batch, SLOT_COUNT)
        # Half of the scenes repeat one kind: "three strawberries".
        is_repeated = self.uniform(batch) < 0.5
        category[:, 1:5] = torch.where(is_repeated[:, None], category[:, 1:2], category[:, 1:5])
        category[:, 1:5] *= torch.arange(4)[None] < main_count[:, None]
        category[:, 5:] *= torch.arange(DECOR_SLOT_COUNT)[None] < decor_count[:, None]
        category[:, 0] = 0
        return category

    def batch(self, batch: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Returns latents [batch, slots, 4], categories [batch, slots] and scenes [batch]."""
        scene = self.integers(TRAINED_SCENES, batch)
        has_no_horizon = HORIZONS[scene] > 1
        horizon = (HORIZONS[scene] + 0.12 * (self.uniform(batch) - 0.5)).clamp(0.35, 0.8)
        horizon = torch.where(has_no_horizon, torch.full((batch,), 0.55), horizon)
        main_count = torch.tensor([1, 1, 1, 2, 2, 3, 4])[self.integers(7, batch)]
        category = self.categories(scene, main_count)

        x, y, size = (torch.zeros(batch, SLOT_COUNT) for _ in range(3))
        # Empty slots are far away, so that nothing has to keep clear of them.
        placed_x, placed_y = (torch.full((batch, SLOT_COUNT), 9.0) for _ in range(2))
        placed_size = torch.zeros(batch, SLOT_COUNT)
        for slot in range(1, SLOT_COUNT):
            candidates = self.candidates(slot, category[:, slot], main_count, horizon, has_no_horizon)
            choice = self.choose(slot, candidates, placed_x, placed_y, placed_size)
            x[:, slot], y[:, slot], size[:, slot] = (c.gather(1, choice)[:, 0] for c in candidates)
            is_used = category[:, slot] > 0
            placed_x[:, slot] = torch.where(is_used, x[:, slot], placed_x[:, slot])
            placed_y[:, slot] = torch.where(is_used, y[:, slot], placed_y[:, slot])
            placed_size[:, slot] = torch.where(is_used, size[:, slot], placed_size[:, slot])

        log_size = torch.log(size.clamp(min=0.03) / REFERENCE_SIZE) * LOG_SIZE_SCALE
        tilt = self.normal(batch, SLOT_COUNT) * 0.5
        latent = torch.stack([(x - 0.5) * POSITION_SCALE, (y - 0.5) * POSITION_SCALE, log_size, tilt], 2)
        scene_numbers = [(horizon - HORIZON_CENTRE) * HORIZON_SCALE] + [self.normal(batch) for _ in range(3)]
        latent[:, 0] = torch.stack(scene_numbers, 1)
        is_meaningful = (category > 0) | (torch.arange(SLOT_COUNT) == 0)
        return latent * is_meaningful.unsqueeze(2), category, scene

    def candidates(self, slot, category, main_count, horizon, has_no_horizon):
        """Twelve places where the thing in this slot could be: x, y, size, each [batch, CANDIDATES]."""
        batch, is_main = len(category), slot in MAIN_SLOTS
        depth = 0.38 + 0.3 * self.uniform(batch, CANDIDATES)
        if is_main:  # side by side, in slot order
            spread = torch.where(main_count == 1, 0.24, 0.10)[:, None]
            x = ((slot - 0.5) / main_count.float())[:, None] + (self.uniform(batch, CANDIDATES) - 0.5) * spread
            base = torch.tensor([0.62, 0.62, 0.42, 0.34, 0.28])[main_count][:, None]
            perspective = 0.85 + 0.3 * depth
        else:
            x = 0.04 + 0.92 * self.uniform(batch, CANDIDATES)
            depth = self.uniform(batch, CANDIDATES) ** 0.8
            base = torch.full((batch, 1), 0.26)
            perspective = 0.45 + 0.85 * depth
        size = base * perspective * (0.9 + 0.2 * self.uniform(batch, CANDIDATES))
        kind = category[:, None]
        size = size * SIZE_BY_CATEGORY[kind]

        top = horizon[:, None]
        on_ground = top + (1 - top) * (0.12 + 0.8 * depth) - size / 2
        in_sky = 0.1 + (top * 0.62 - 0.1).clamp(min=0.05) * self.uniform(batch, CANDIDATES)
        noise = self.uniform(batch, CANDIDATES)
        anywhere = 0.5 + 0.2 * (noise - 0.5) if is_main else 0.15 + 0.7 * noise
        in_water = (top + (1 - top) * self.uniform(batch, CANDIDATES)).clamp(max=0.9)
        if is_main:
            in_sky = 0.3 + 0.12 * (self.uniform(batch, CANDIDATES) - 0.5)
        y = torch.where(kind == SKY, in_sky, on_ground)
        y = torch.where(kind == FLOAT, anywhere * 0.8, y)
        y = torch.where(kind == WATER, in_water, y)
        without_horizon = anywhere if is_main else 0.1 + 0.8 * self.uniform(batch, CANDIDATES)
        y = torch.where(has_no_horizon[:, None], without_horizon, y)
        return x, y.clamp(0.06, 0.94), size

    def choose(self, slot, candidates, placed_x, placed_y, placed_size):
        """Surroundings take the place farthest from what is there already; main things any."""
        x, y, size = candidates
        if slot in MAIN_SLOTS:
            return self.uniform(*x.shape).argmax(1, keepdim=True)
        distance = ((x[:, :, None] - placed_x[:, None]) ** 2 + (y[:, :, None] - placed_y[:, None]) ** 2).sqrt()
        gap = distance - 0.45 * (size[:, :, None] + placed_size[:, None])
        return gap.min(2).values.argmax(1, keepdim=True)


class LayoutModel(nn.Module):
    """A small transformer over slots; predicts the clean layout from a noisy one (0.53 M parameters)."""

    def __init__(self, width: int = 112, layers: int = 4, heads: int = 4):
        super().__init__()
        self.input = nn.Linear(SLOT_SIZE, width)
        self.slot = nn.Parameter(torch.randn(SLOT_COUNT, width) * 0.3)
        self.category = nn.Embedding(CATEGORY_COUNT, width)
        self.scene = nn.Embedding(SCENE_COUNT, width)
        self.time = nn.Sequential(nn.Linear(32, width), nn.SiLU(), nn.Linear(width, width))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, 3 * width, 0.0, F.gelu, batch_first=True, norm_first=True)
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, SLOT_SIZE)

    def forward(self, latent, time, category, scene):
        frequencies = torch.exp(torch.arange(16) * -0.45)
        phase = time[:, None] * 100 * frequencies[None]
        time_features = self.time(torch.cat([phase.sin(), phase.cos()], 1))
        hidden = self.input(latent) + self.slot + self.category(category)
        hidden = hidden + self.scene(scene)[:, None] + time_features[:, None]
        for layer in self.layers:
            hidden = layer(hidden)
        return self.output(self.norm(hidden))


def loss_of(model: LayoutModel, rules: LayoutRules) -> torch.Tensor:
    clean, category, scene = rules.batch(BATCH)
    # Classifier-free guidance compares with generic things in no particular scene.
    is_dropped = torch.rand(BATCH) < CAPTION_DROPOUT
    generic = torch.full_like(category, UNCONDITIONAL_CATEGORY)
    seen_category = torch.where(is_dropped[:, None] & (category > 0), generic, category)
    seen_scene = torch.where(is_dropped, UNCONDITIONAL_SCENE, scene)
    time = torch.sigmoid(torch.randn(BATCH) * 1.2 - 0.2)
    share = time[:, None, None]
    noisy = (1 - share) * torch.randn_like(clean) + share * clean
    used = ((category > 0) | (torch.arange(SLOT_COUNT) == 0)).float()[:, :, None]
    squared = ((model(noisy, time, seen_category, seen_scene) - clean) ** 2 * used).sum((1, 2))
    mean = squared / used.sum((1, 2)) / SLOT_SIZE
    return (mean / (1 - time).clamp(min=0.1) ** 1.5).mean()


def train(minutes: float) -> LayoutModel:
    """Returns the moving average of the weights, which samples better than the last ones."""
    torch.manual_seed(3)
    rules = LayoutRules(seed=4)
    model = LayoutModel()
    average = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=0.01)
    start, step = time.time(), 0
    while (progress := (time.time() - start) / (minutes * 60)) < 1:
        warm_up = min(1, (step + 1) / WARM_UP_STEPS)
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * warm_up * min(1, (1 - progress) / 0.6 + 0.01)
        loss = loss_of(model, rules)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        with torch.no_grad():
            rate = 0.01 if step > EMA_BURN_IN_STEPS else 0.2
            torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), rate)
        if step % 100 == 0:
            print(step, round(loss.item(), 4), f"{time.time() - start:.0f} s", flush=True)
    return average.eval()


def export(model: LayoutModel, path: str) -> None:
    # The fused attention kernel has no ONNX form.
    torch.backends.mha.set_fastpath_enabled(False)
    example = (
        torch.zeros(2, SLOT_COUNT, SLOT_SIZE),
        torch.zeros(2),
        torch.zeros(2, SLOT_COUNT, dtype=torch.long),
        torch.zeros(2, dtype=torch.long),
    )
    names = ["z", "t", "cat", "sc"]
    axes = {name: {0: "n"} for name in [*names, "x0"]}
    torch.onnx.export(
        model, example, path, input_names=names, output_names=["x0"], dynamic_axes=axes, opset_version=17, dynamo=False
    )


if __name__ == "__main__":
    folder, minutes = sys.argv[1], float(sys.argv[2])
    os.makedirs(folder, exist_ok=True)
    export(train(minutes), os.path.join(folder, "layout.onnx"))
