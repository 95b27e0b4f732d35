"""Writes test/oracle/amp.json: the dtypes that operators give under PyTorch's autocast on the CPU, losses of a few steps
under it, and the states of a GradScaler, for test/amp.test.ts.

Run with PyTorch 2.13: python scripts/oracle-amp.py
"""

import json
import math
import pathlib
import warnings

import torch
import torch.nn.functional as F

warnings.simplefilter("ignore")
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16, "float64": torch.float64}


def positive(*shape):
    n = math.prod(shape)
    return torch.tensor([0.3 + 0.05 * (i % 9) for i in range(n)], dtype=torch.float64).reshape(shape)


ids = torch.tensor([0, 1])
# the test has the same calls; t makes a tensor of the dtype in question, f one of float32
OPS = {
    "mm": lambda t, f: torch.mm(t(2, 3), t(3, 2)),
    "mixed mm": lambda t, f: torch.mm(t(2, 3), f(3, 2)),
    "bmm": lambda t, f: torch.bmm(t(1, 2, 3), t(1, 3, 2)),
    "matmul": lambda t, f: torch.matmul(t(2, 3), t(3, 2)),
    "matmul of vectors": lambda t, f: torch.matmul(t(3), t(3)),
    "mv": lambda t, f: torch.mv(t(2, 3), t(3)),
    "dot": lambda t, f: torch.dot(t(3), t(3)),
    "inner": lambda t, f: torch.inner(t(2, 3), t(4, 3)),
    "outer": lambda t, f: torch.outer(t(3), t(2)),
    "einsum": lambda t, f: torch.einsum("ij,jk->ik", t(2, 3), t(3, 2)),
    "addmm": lambda t, f: torch.addmm(t(2, 2), t(2, 3), t(3, 2)),
    "addmv": lambda t, f: torch.addmv(t(2), t(2, 3), t(3)),
    "baddbmm": lambda t, f: torch.baddbmm(t(1, 2, 2), t(1, 2, 3), t(1, 3, 2)),
    "addbmm": lambda t, f: torch.addbmm(t(2, 2), t(1, 2, 3), t(1, 3, 2)),
    "linear": lambda t, f: F.linear(t(2, 3), t(4, 3), t(4)),
    "mixed linear": lambda t, f: F.linear(t(2, 3), f(4, 3), f(4)),
    "bilinear": lambda t, f: F.bilinear(t(2, 2), t(2, 2), t(2, 2, 2)),
    "conv1d": lambda t, f: F.conv1d(t(1, 2, 5), t(3, 2, 2)),
    "conv2d": lambda t, f: F.conv2d(t(1, 2, 4, 4), t(3, 2, 2, 2), t(3)),
    "conv3d": lambda t, f: F.conv3d(t(1, 1, 3, 3, 3), t(1, 1, 2, 2, 2)),
    "convTranspose2d": lambda t, f: F.conv_transpose2d(t(1, 2, 3, 3), t(2, 1, 2, 2)),
    "prelu": lambda t, f: F.prelu(t(2, 2), t(1)),
    "softmax": lambda t, f: F.softmax(t(2, 2), -1),
    "logSoftmax": lambda t, f: F.log_softmax(t(2, 2), -1),
    "layerNorm": lambda t, f: F.layer_norm(t(2, 3), [3]),
    "sum": lambda t, f: t(3).sum(),
    "exp": lambda t, f: t(3).exp(),
    "pow": lambda t, f: t(3) ** 2,
    "cumsum": lambda t, f: t(3).cumsum(0),
    "norm": lambda t, f: t(3).norm(),
    "gelu": lambda t, f: F.gelu(t(3)),
    "add": lambda t, f: t(3) + f(3),
    "prod": lambda t, f: t(3).prod(),
    "prod of a dim": lambda t, f: t(3, 2).prod(0),
    "trace": lambda t, f: torch.trace(t(2, 2)),
    "avgPool2d": lambda t, f: F.avg_pool2d(t(1, 1, 2, 2), 2),
    "avgPool3d": lambda t, f: F.avg_pool3d(t(1, 1, 2, 2, 2), 2),
    "maxPool2d": lambda t, f: F.max_pool2d(t(1, 1, 2, 2), 2),
    "maxPool3d": lambda t, f: F.max_pool3d(t(1, 1, 2, 2, 2), 2),
    "adaptiveAvgPool2d": lambda t, f: F.adaptive_avg_pool2d(t(1, 1, 2, 2), 1),
    "adaptiveAvgPool3d": lambda t, f: F.adaptive_avg_pool3d(t(1, 1, 2, 2, 2), 1),
    "adaptiveMaxPool3d": lambda t, f: F.adaptive_max_pool3d(t(1, 1, 2, 2, 2), 1),
    "pad": lambda t, f: F.pad(t(1, 3), (1, 1)),
    "reflect": lambda t, f: F.pad(t(1, 1, 3), (1, 1), mode="reflect"),
    "replicate": lambda t, f: F.pad(t(1, 1, 3, 3), (1, 1, 1, 1), mode="replicate"),
    "reflect in 3 dims": lambda t, f: F.pad(t(1, 1, 2, 2, 2), (1, 1) * 3, mode="reflect"),
    "crossEntropy": lambda t, f: F.cross_entropy(t(2, 3), ids),
    "nllLoss": lambda t, f: F.nll_loss(t(2, 3), ids),
    "mseLoss": lambda t, f: F.mse_loss(t(3), t(3) * 2),
    "l1Loss": lambda t, f: F.l1_loss(t(3), t(3) * 2),
    "smoothL1Loss": lambda t, f: F.smooth_l1_loss(t(3), t(3) * 2),
    "huberLoss": lambda t, f: F.huber_loss(t(3), t(3) * 2),
    "binaryCrossEntropy": lambda t, f: F.binary_cross_entropy(t(3), t(3)),
    "binaryCrossEntropyWithLogits": lambda t, f: F.binary_cross_entropy_with_logits(t(3), t(3)),
    "klDiv": lambda t, f: F.kl_div(t(3).log(), t(3), reduction="sum"),
    "poissonNllLoss": lambda t, f: F.poisson_nll_loss(t(3), t(3)),
    "cosineEmbeddingLoss": lambda t, f: F.cosine_embedding_loss(t(2, 3), t(2, 3) * 2, torch.tensor([1.0, -1.0])),
    "hingeEmbeddingLoss": lambda t, f: F.hinge_embedding_loss(t(2), torch.tensor([1.0, -1.0])),
    "marginRankingLoss": lambda t, f: F.margin_ranking_loss(t(2), t(2) * 2, torch.tensor([1.0, -1.0])),
    "softMarginLoss": lambda t, f: F.soft_margin_loss(t(2), torch.tensor([1.0, -1.0])),
    "multiMarginLoss": lambda t, f: F.multi_margin_loss(t(2, 3), ids),
    "tripletMarginLoss": lambda t, f: F.triplet_margin_loss(t(2, 3), t(2, 3) * 2, t(2, 3) * 3),
    "cosineSimilarity": lambda t, f: F.cosine_similarity(t(2, 3), t(2, 3) * 2),
    "inv": lambda t, f: torch.linalg.inv(t(2, 2)),
    "solve": lambda t, f: torch.linalg.solve(t(2, 2), t(2, 3)),
    "svdvals": lambda t, f: torch.linalg.svdvals(t(2, 3)),
    "cholesky": lambda t, f: torch.linalg.cholesky(t(1, 1)),
    "vecdot": lambda t, f: torch.linalg.vecdot(t(2, 3), t(2, 3)),
    "quantile": lambda t, f: torch.quantile(t(5), 0.5),
    "cdist": lambda t, f: torch.cdist(t(2, 3), t(4, 3)),
    "scaledDotProductAttention": lambda t, f: F.scaled_dot_product_attention(t(1, 2, 4), t(1, 3, 4), t(1, 3, 4)),
    "cat": lambda t, f: torch.cat([t(2), f(2)]),
    "cat of one kind": lambda t, f: torch.cat([t(2), t(2)]),
    "stack": lambda t, f: torch.stack([t(2), f(2)]),
    "hstack": lambda t, f: torch.hstack([t(2), f(2)]),
}


def table():
    out = {}
    for name, call in OPS.items():
        rows = {}
        for dtype in DTYPES:
            for fast in ("bfloat16", "float16"):
                t = lambda *s: positive(*s).to(DTYPES[dtype])
                f = lambda *s: positive(*s).float()
                try:
                    with torch.autocast("cpu", DTYPES[fast]):
                        y = call(t, f)
                except RuntimeError:
                    continue  # PyTorch refuses it
                rows[f"{dtype} {fast}"] = [str(y.dtype)[6:], [float(f"{v:.7g}") for v in y.double().flatten().tolist()]]
        out[name] = rows
    return out


def training():
    """A small net under autocast: weights and inputs are formulas that the test has too."""
    make = lambda k, *s: (positive(*s) - 0.5 + 0.01 * k).float()
    w1, b1, w2, b2 = (make(k, *s).requires_grad_() for k, s in enumerate([(5, 4), (5,), (3, 5), (3,)]))
    x, y = make(7, 6, 4), torch.tensor([0, 1, 2, 0, 1, 2])
    optimizer = torch.optim.SGD([w1, b1, w2, b2], lr=0.5)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            hidden = F.linear(x, w1, b1).tanh()
            logits = F.linear(hidden, w2, b2)
            loss = F.cross_entropy(logits, y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {
        "losses": losses,
        "dtypes": [str(v.dtype)[6:] for v in (hidden, logits, loss, w1.grad)],
        "weight": w2.flatten().tolist(),
    }


def scaling():
    """States of a scaler over gradients that are finite or not."""
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.125)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_factor=4.0, backoff_factor=0.25, growth_interval=2)
    log = []
    for factor in [1.0, 2.0, math.inf, 1.0, 1.0, math.nan, 3.0, 1.0]:
        optimizer.zero_grad()
        scaler.scale((w * factor).sum()).backward()
        if factor == 2.0:
            scaler.unscale_(optimizer)
        scaler.step(optimizer)
        scaler.update()
        log.append({"factor": str(factor), "w": w.tolist(), "state": scaler.state_dict()})
    return log


out = {"ops": table(), "training": training(), "scaling": scaling()}
path = pathlib.Path(__file__).parent.parent / "test/oracle/amp.json"
path.write_text(json.dumps(out, separators=(",", ":")) + "\n")
print(len(OPS), "operators", path.stat().st_size // 1024, "KB")
