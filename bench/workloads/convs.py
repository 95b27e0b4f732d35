"""Convolutions, each direction alone; the quicker of NCHW and channels_last."""
import torch
import torch.nn.functional as F

from twin import best

# the list of convs.ts: name, input (images, channels, width), outputs, kernel, options
SHAPES = [
    ("3x3-64x32", (32, 64, 32), 64, 3, {"padding": 1}),
    ("3x3-128x16", (32, 128, 16), 128, 3, {"padding": 1}),
    ("3x3-256x8", (32, 256, 8), 256, 3, {"padding": 1}),
    ("3x3-512x4", (32, 512, 4), 512, 3, {"padding": 1}),
    ("mnist2", (64, 32, 26), 64, 3, {}),
    ("mnist1", (64, 1, 28), 32, 3, {}),
    ("3to64", (32, 3, 32), 64, 3, {"padding": 1}),
    ("stride2", (32, 64, 32), 128, 3, {"stride": 2, "padding": 1}),
    ("1x1", (32, 256, 16), 64, 1, {}),
    ("1x1-stride2", (32, 64, 32), 128, 1, {"stride": 2}),
    ("depthwise", (32, 128, 32), 128, 3, {"padding": 1, "groups": 128}),
    ("transposed", (32, 128, 16), 64, 4, {"stride": 2, "padding": 1}),
    ("lenet1", (64, 1, 28), 6, 5, {"padding": 2}),
    ("lenet2", (64, 6, 14), 16, 5, {}),
]


def conv(name, shape, out, kernel, options, direction, layout):
    n, channels, size = shape
    transposed = name == "transposed"
    f = F.conv_transpose2d if transposed else F.conv2d
    weights = (channels, out) if transposed else (out, channels // options.get("groups", 1))

    def build():
        torch.manual_seed(0)
        x = torch.randn(n, channels, size, size).contiguous(memory_format=layout)
        w = torch.randn(*weights, kernel, kernel).contiguous(memory_format=layout)
        if direction == "forward":

            def run(steps):
                for _ in range(steps):
                    f(x, w, **options)

            return run
        of = (x if direction == "data" else w).requires_grad_()
        y = f(x, w, **options)
        slope = torch.randn(y.shape).contiguous(memory_format=layout)

        def run_back(steps):
            for _ in range(steps):
                torch.autograd.grad([y], [of], [slope], retain_graph=True)

        return run_back

    return build


ROWS = {
    f"conv-{shape[0]}-{direction}": best(
        conv(*shape, direction, torch.contiguous_format), conv(*shape, direction, torch.channels_last)
    )
    for shape in SHAPES
    for direction in ("forward", "data", "weights")
}
