"""Writes test/oracle/torchvision.json: what torchvision 0.28 makes of pictures, and small files in the formats of its datasets.
Needs torchvision and Pillow. Run: python scripts/oracle-torchvision.py"""
import base64
import io
import json
import os
import pickle
import struct
import tempfile

import numpy as np
import torch
from PIL import Image
from torchvision import datasets, transforms as T, utils

HEIGHT, WIDTH = 13, 17
rng = np.random.RandomState(0)
smooth = np.add.outer(np.arange(HEIGHT) * 9, np.arange(WIDTH) * 6)[..., None] + np.array([0, 30, 60])
pixels = np.clip(smooth + rng.randint(-40, 40, (HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8)
pixels[0, :4] = [[0, 0, 0], [255, 255, 255], [255, 0, 0], [10, 10, 10]]
RGB = Image.fromarray(pixels)
GREY = Image.fromarray(pixels[..., 0].copy())

# arguments by position, then perhaps options
CASES = {
    "Resize": [[5], [[7, 9]], [30], [[26, 8]], [9, {"interpolation": "bicubic"}], [[20, 31], {"interpolation": "bicubic"}],
               [[6, 25], {"interpolation": "nearest"}], [8, {"maxSize": 9}], [6, {"antialias": False}],
               [[26, 8], {"interpolation": "bicubic", "antialias": False}]],
    "CenterCrop": [[8], [[5, 20]], [[14, 6]]],
    "Pad": [[2], [[1, 3]], [[1, 2, 3, 4], 7], [3, 0, "edge"], [[4, 2], 0, "reflect"], [3, {"paddingMode": "symmetric"}]],
    "Grayscale": [[], [3]],
    "RandomHorizontalFlip": [[], [], [0.9]],
    "RandomVerticalFlip": [[], []],
    "RandomCrop": [[8], [[13, 17]], [[6, 9], {"padding": 2}], [15, {"padIfNeeded": True, "fill": 3}], [12, 4, {"paddingMode": "reflect"}]],
    "RandomResizedCrop": [[8], [[6, 9]], [5, {"scale": [0.5, 1.0], "ratio": [1.0, 1.0]}]],
    "RandomRotation": [[30], [[80, 100]], [20, {"expand": True}], [45, {"fill": 9, "center": [3, 4]}], [[90, 90]], [[0, 0]]],
    "RandomGrayscale": [[0.9], [0.1]],
    "GaussianBlur": [[3], [[5, 3], {"sigma": [0.5, 1.5]}], [7, 0.8]],
    "RandomErasing": [[1.0], [1.0, [0.1, 0.2], [0.5, 2.0], [0.25, 0.5, 0.75]], [{"p": 1.0, "value": "random"}], [0.1], [1.0, [1.0, 1.0]]],
    "RandomInvert": [[0.9], [0.1]],
    "RandomPosterize": [[3, 0.9], [8, 0.9], [1, 1.0]],
    "RandomSolarize": [[0.5, 0.9], [0.1, {"p": 0.1}]],
    "FiveCrop": [[8], [[13, 6]]],
    "TenCrop": [[[5, 7]], [4, {"verticalFlip": True}]],
    "ColorJitter": [[0.5], [0, 0.5], [0, 0, 0.9], [0, 0, 0, 0.4], [0.4, 0.4, 0.4, 0.2], [{"brightness": [0.2, 2.5], "hue": [-0.5, 0.5]}]],
}
# what some cannot take
LACKS = {"RandomErasing": ["rgb", "grey", "bytes"], "RandomPosterize": ["floats"]}
SNAKE = {"verticalFlip": "vertical_flip", "maxSize": "max_size", "padIfNeeded": "pad_if_needed", "paddingMode": "padding_mode"}


def normalise(case):
    options = case[-1] if case and isinstance(case[-1], dict) else {}
    return (case[:-1] if options else case), options


def make(name, args, options):
    options = {SNAKE.get(k, k): v for k, v in options.items()}
    if "interpolation" in options:
        options["interpolation"] = T.InterpolationMode(options["interpolation"])
    return getattr(T, name)(*args, **options)


def to_list(x):
    x = x if isinstance(x, torch.Tensor) else torch.from_numpy(np.array(x))
    data = x.flatten()
    if x.dtype == torch.uint8:
        return {"shape": list(x.shape), "bytes": base64.b64encode(data.numpy().tobytes()).decode()}
    return {"shape": list(x.shape), "floats": base64.b64encode(data.to(torch.float16).numpy().tobytes()).decode()}


def run():
    out = []
    for name, cases in CASES.items():
        for case in cases:
            args, options = normalise(case)
            row = {"name": name, "args": args, "options": options}
            t = make(name, args, options)
            for kind, picture in {
                "rgb": RGB,
                "grey": GREY,
                "bytes": T.PILToTensor()(RGB),
                "floats": T.ToTensor()(RGB),
            }.items():
                if kind in LACKS.get(name, []):
                    continue
                torch.manual_seed(7)
                y = t(picture)
                if isinstance(y, tuple):
                    y = torch.cat([x.flatten() if isinstance(x, torch.Tensor) else torch.from_numpy(np.array(x)).flatten() for x in y])
                row[kind] = to_list(y)
                row["next " + kind] = torch.rand(1).item()
            out.append(row)
    return out


def nearest():
    """Which pixels are taken along an axis, where the rounding of the steps decides."""
    out = []
    for kind, start, end in [
        ("image", 10, 32), ("image", 32, 102), ("image", 4, 51), ("image", 5, 27), ("image", 16, 50), ("image", 15, 46),
        ("tensor", 34, 26), ("tensor", 35, 21), ("tensor", 20, 12), ("tensor", 15, 4), ("tensor", 12, 32), ("tensor", 28, 48),
    ]:
        line = torch.arange(start, dtype=torch.uint8).view(1, 1, start)
        picture = T.functional.to_pil_image(line) if kind == "image" else line
        got = T.functional.resize(picture, [1, end], T.InterpolationMode.NEAREST)
        out.append([kind, start, end, np.array(got).flatten().tolist()])
    return out


def cifar_batch(data, labels, key):
    """As Python 2 pickled it: protocol 2, str as bytes."""
    def text(s):
        return b"U" + bytes([len(s)]) + s

    out = b"\x80\x02}q\x01(" + text(b"batch_label") + b"q\x02" + text(b"testing batch 1 of 1") + b"q\x03"
    out += text(key) + b"q\x04]q\x05(" + b"".join(b"K" + bytes([n]) for n in labels) + b"e"
    out += text(b"data") + b"q\x06cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85q\x09U\x01b\x87q\x0aRq\x0b"
    out += b"(K\x01K" + bytes([len(labels)]) + b"M" + struct.pack("<H", 3072) + b"\x86q\x0ccnumpy\ndtype\nq\x0dU\x02u1K\x00K\x01\x87q\x0eRq\x0f"
    out += b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
    out += b"T" + struct.pack("<I", data.size) + data.tobytes() + b"tb"
    return out + text(b"filenames") + b"q\x11]q\x12(" + text(b"a.png") + text(b"b.png") + b"eu."


def cifar():
    data = rng.randint(0, 256, (2, 3072)).astype(np.uint8)
    batch = cifar_batch(data, [3, 8], b"labels")
    with tempfile.TemporaryDirectory() as root:
        folder = os.path.join(root, "cifar-10-batches-py")
        os.mkdir(folder)
        open(os.path.join(folder, "test_batch"), "wb").write(batch)
        pickle.dump({"label_names": ["plane", "car"]}, open(os.path.join(folder, "batches.meta"), "wb"), 2)
        datasets.CIFAR10._check_integrity = lambda self: True
        datasets.cifar.check_integrity = lambda *a: True
        set_ = datasets.CIFAR10(root, train=False)
        picture, label = set_[1]
        assert label == 8 and (np.array(picture).transpose(2, 0, 1).reshape(-1) == data[1]).all()
    # the pixels compress badly: one picture of them is enough
    return {"batch": base64.b64encode(batch).decode(), "meta": base64.b64encode(pickle.dumps({"label_names": ["plane", "car"]}, 2)).decode(),
            "sum": [int(p.sum()) for p in data.astype(np.int64)]}


def jpeg():
    file = io.BytesIO()
    RGB.resize((40, 24), Image.BICUBIC).save(file, "JPEG", quality=90)
    decoded = np.array(Image.open(file))
    return {"file": base64.b64encode(file.getvalue()).decode(), "pixels": base64.b64encode(decoded.tobytes()).decode()}


def main():
    fake = datasets.FakeData(5, (3, 2, 3), 10, random_offset=2)
    grid_in = torch.arange(5 * 3 * 2 * 2, dtype=torch.float32).view(5, 3, 2, 2) / 50
    out = {
        "picture": {"height": HEIGHT, "width": WIDTH, "data": base64.b64encode(pixels.tobytes()).decode()},
        "cases": run(),
        "nearest": nearest(),
        "cifar": cifar(),
        "jpeg": jpeg(),
        "fake": [[np.array(x).reshape(-1).tolist(), int(y)] for x, y in fake],
        "grid": [
            to_list(utils.make_grid(grid_in, nrow=3, padding=1, pad_value=0.5)),
            to_list(utils.make_grid(grid_in, nrow=2, normalize=True)),
            to_list(utils.make_grid(grid_in, normalize=True, scale_each=True, value_range=(0.1, 0.7))),
            to_list(utils.make_grid(grid_in[:, :1])),
        ],
    }
    with open(os.path.join(os.path.dirname(__file__), "../test/oracle/torchvision.json"), "w") as f:
        json.dump(out, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
