"""Trains the 4x upscaler for drawn art on pictures that this package drew itself (render-pictures.ts).

    python3 upscale.py <folder of 512 px PNGs> <out folder> <minutes>

Writes <out folder>/upscale.onnx (0.29 MB). Debian's python3-torch, python3-pil and python3-onnx are enough; one CPU
thread needs about 7 minutes.
"""

import copy
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

SCALE = 4
CHANNELS = 32
BLOCKS = 3
PATCH = 96
BATCH = 24
LEARNING_RATE = 1.5e-3
EMA_BURN_IN_STEPS = 300


class Upscaler(nn.Module):
    """Residual convolutions at the small size that correct a bilinear enlargement (72 k parameters)."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, CHANNELS, 5, padding=2)
        self.body = nn.ModuleList(nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1) for _ in range(2 * BLOCKS))
        self.tail = nn.Conv2d(CHANNELS, 3 * SCALE * SCALE, 3, padding=1)
        nn.init.zeros_(self.tail.weight)
        nn.init.zeros_(self.tail.bias)

    def forward(self, small: torch.Tensor) -> torch.Tensor:
        hidden = F.relu(self.head(small))
        for index in range(0, len(self.body), 2):
            hidden = hidden + self.body[index + 1](F.relu(self.body[index](hidden)))
        detail = F.pixel_shuffle(self.tail(F.relu(hidden)), SCALE)
        return detail + F.interpolate(small, scale_factor=float(SCALE), mode="bilinear", align_corners=False)


def load_pictures(folder: str) -> torch.Tensor:
    files = sorted(Path(folder).glob("*.png"))
    pictures = [torch.from_numpy(np.array(Image.open(file).convert("RGB"))).permute(2, 0, 1) for file in files]
    return torch.stack(pictures)


def crops(pictures: torch.Tensor) -> torch.Tensor:
    """A batch of patches in -1..1; half of them at half size, so that coarse and fine drawings both appear."""
    patches = []
    for _ in range(BATCH):
        picture = pictures[int(torch.randint(len(pictures), (1,)))]
        side = PATCH * (1 + int(torch.randint(2, (1,))))
        top, left = (int(torch.randint(picture.shape[1] - side + 1, (1,))) for _ in range(2))
        patch = picture[:, top : top + side, left : left + side].float()
        if side > PATCH:
            patch = F.avg_pool2d(patch[None], 2)[0]
        patches.append(patch.flip(2) if torch.rand(1) < 0.5 else patch)
    return torch.stack(patches) / 127.5 - 1


def shrink(large: torch.Tensor, step: int) -> torch.Tensor:
    """Small pictures as people have them: sometimes soft, sometimes noisy."""
    small = F.avg_pool2d(large, SCALE)
    if step % 2:
        softness = torch.rand(len(large), 1, 1, 1) * 0.5
        soft = F.avg_pool2d(F.pad(small, (1, 1, 1, 1), mode="replicate"), 3, 1)
        small = small * (1 - softness) + soft * softness
    return small + torch.randn_like(small) * 0.025 * torch.rand(len(large), 1, 1, 1)


def train(pictures: torch.Tensor, minutes: float) -> Upscaler:
    """Returns the moving average of the weights."""
    torch.manual_seed(2)
    torch.set_num_threads(1)
    model = Upscaler()
    average = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=0)
    start, step = time.time(), 0
    while (progress := (time.time() - start) / (minutes * 60)) < 1:
        large = crops(pictures)
        small = shrink(large, step)
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(1, (1 - progress) / 0.5 + 0.02)
        loss = (model(small) - large).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        with torch.no_grad():
            rate = 0.005 if step > EMA_BURN_IN_STEPS else 0.1
            for kept, new in zip(average.parameters(), model.parameters()):
                kept.lerp_(new, rate)
        if step % 100 == 0:
            bilinear = (F.interpolate(small, scale_factor=float(SCALE), mode="bilinear") - large).abs().mean()
            print(step, f"loss {loss.item():.4f} bilinear {bilinear.item():.4f} {time.time() - start:.0f} s", flush=True)
    return average.eval()


def export(model: Upscaler, path: str) -> None:
    axes = {"x": {0: "n", 2: "h", 3: "w"}, "y": {0: "n", 2: "H", 3: "W"}}
    torch.onnx.export(
        model, (torch.zeros(1, 3, 64, 64),), path, input_names=["x"], output_names=["y"], dynamic_axes=axes, opset_version=17
    )


if __name__ == "__main__":
    source, folder, minutes = sys.argv[1], sys.argv[2], float(sys.argv[3])
    os.makedirs(folder, exist_ok=True)
    export(train(load_pictures(source), minutes), os.path.join(folder, "upscale.onnx"))
