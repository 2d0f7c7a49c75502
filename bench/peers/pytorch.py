"""PyTorch under the benchmark: answers calls on standard input, one JSON object a line, as engines/host.ts does.

Arrays come and go as files: {"shape": [...], "dtype": "float32", "file": "..."}.
"""

from __future__ import annotations

import json
import math
import os
import re
import sys
import tempfile
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy
import torch
from torch.nn import functional as F

WARM_UP = 0.3
# A run that takes this long says enough by itself.
LONG = 0.25
ADAM = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}
HOW = (
    "torch.set_num_threads as many as heddle has, no_grad where no gradient is asked for, nn.Transformer, "
    "zero_grad(set_to_none=True) (its Performance Tuning Guide); eager mode on the CPU, BLAS: "
)


def load(entry: Dict[str, Any]) -> torch.Tensor:
    dtype = {"float32": numpy.float32, "float16": numpy.float32, "int32": numpy.int32, "bool": numpy.int32}[entry["dtype"]]
    array = torch.from_numpy(numpy.fromfile(entry["file"], dtype=dtype).reshape(entry["shape"]).copy())
    if entry["dtype"] == "int32":
        return array.long()
    return array.bool() if entry["dtype"] == "bool" else array


def store(name: str, x: torch.Tensor, folder: str) -> str:
    path = os.path.join(folder, f"out-{name.replace(' ', '-')}.bin")
    x.detach().to(torch.float32).contiguous().numpy().tofile(path)
    return path


def blas() -> str:
    """The library that products run on, from what is mapped into the process."""
    with open("/proc/self/maps") as maps:
        found = set(re.findall(r"/\S*/(lib\S*(?:openblas|blas|mkl)\S*)", maps.read()))
    openblas = [name for name in found if "openblas" in name or "mkl" in name]
    return ", ".join(sorted(openblas or found)) or "unknown"


def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float, causal: bool) -> torch.Tensor:
    if hasattr(F, "scaled_dot_product_attention") and abs(scale - q.size(-1) ** -0.5) < 1e-9:
        return F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    scores = q @ k.transpose(-2, -1) * scale
    if causal:
        hidden = torch.ones(q.size(-2), k.size(-2), dtype=torch.bool).triu(1)
        scores = scores.masked_fill(hidden, float("-inf"))
    return torch.softmax(scores, -1) @ v


def cross_entropy(x: Dict[str, torch.Tensor], a: Dict[str, Any]) -> torch.Tensor:
    return F.cross_entropy(
        x["logits"], x["target"], ignore_index=a.get("ignoreIndex", -100), label_smoothing=a.get("labelSmoothing", 0.0)
    )


Op = Callable[[Dict[str, torch.Tensor], Dict[str, Any]], torch.Tensor]
OPS: Dict[str, Op] = {
    "matmul": lambda x, a: (x["a"].transpose(-2, -1) if a.get("transposeA") else x["a"])
    @ (x["b"].transpose(-2, -1) if a.get("transposeB") else x["b"]),
    "linear": lambda x, a: F.linear(x["x"], x["weight"], x["bias"]),
    "add": lambda x, a: x["x"] + x["y"],
    "addScalar": lambda x, a: x["x"] + a.get("value", 0),
    "mul": lambda x, a: x["x"] * x["y"],
    "mulScalar": lambda x, a: x["x"] * a.get("value", 0),
    "exp": lambda x, a: torch.exp(x["x"]),
    "tanh": lambda x, a: torch.tanh(x["x"]),
    "relu": lambda x, a: torch.relu(x["x"]),
    "silu": lambda x, a: F.silu(x["x"]),
    "gelu": lambda x, a: F.gelu(x["x"]),
    "sum": lambda x, a: x["x"].sum(*([a["dim"]] if "dim" in a else [])),
    "mean": lambda x, a: x["x"].mean(*([a["dim"]] if "dim" in a else [])),
    "amax": lambda x, a: x["x"].amax(a["dim"]),
    "amin": lambda x, a: x["x"].amin(a["dim"]),
    "argmax": lambda x, a: x["x"].argmax(a["dim"]),
    "argmin": lambda x, a: x["x"].argmin(a["dim"]),
    "var": lambda x, a: x["x"].var(a["dim"]),
    "softmax": lambda x, a: torch.softmax(x["x"], -1),
    "logSoftmax": lambda x, a: torch.log_softmax(x["x"], -1),
    "logsumexp": lambda x, a: torch.logsumexp(x["x"], a["dim"]),
    "cumsum": lambda x, a: torch.cumsum(x["x"], a["dim"]),
    "cat": lambda x, a: torch.cat([x["x0"], x["x1"]], a["dim"]),
    "contiguous": lambda x, a: x["x"].clone(),
    "clone": lambda x, a: x["x"].clone(),
    "embedding": lambda x, a: F.embedding(x["indices"], x["weight"]),
    "indexSelect": lambda x, a: torch.index_select(x["x"], a.get("dim", 0), x["index"]),
    "gather": lambda x, a: torch.gather(x["x"], a["dim"], x["index"]),
    "scatterAdd": lambda x, a: torch.scatter_add(x["x"], a["dim"], x["index"], x["source"]),
    "where": lambda x, a: torch.where(x["condition"], x["x"], x["y"]),
    "tril": lambda x, a: torch.tril(x["x"]),
    "triu": lambda x, a: torch.triu(x["x"]),
    "topk": lambda x, a: torch.topk(x["x"], a["k"]).values,
    "layerNorm": lambda x, a: F.layer_norm(x["x"], x["weight"].shape, x["weight"], x["bias"]),
    "crossEntropy": cross_entropy,
    "scaledDotProductAttention": lambda x, a: attention(x["q"], x["k"], x["v"], a["scale"], a.get("isCausal", False)),
}


class Task:
    def __init__(self, run: Callable[[], Any], outputs: Callable[[], Dict[str, torch.Tensor]]) -> None:
        self.run = run
        self.outputs = outputs
        self.count = 0
        self.best = math.inf

    def sample(self, samples: int, seconds: float) -> List[float]:
        """Milliseconds of a run, once for each sample."""
        if self.count == 0:
            self.best, begun = math.inf, time.perf_counter()
            while self.best == math.inf or time.perf_counter() - begun < min(WARM_UP, 10 * seconds):
                start = time.perf_counter()
                self.run()
                self.best = min(self.best, time.perf_counter() - start)
            self.count = max(1, math.ceil(seconds / max(self.best, 1e-7)))
        found = []
        for _ in range(1 if self.best > LONG else samples):
            start = time.perf_counter()
            for _ in range(self.count):
                self.run()
            found.append((time.perf_counter() - start) * 1000 / self.count)
        return found


def op_task(case: Dict[str, Any], arrays: Dict[str, Any]) -> Any:
    op = OPS.get(case["op"])
    if op is None:
        return f"has no {case['op']}"
    if any(entry["dtype"] == "float16" for entry in arrays.values()):
        return "has no float16 product on this processor"
    inputs = {name: load(entry) for name, entry in arrays.items()}
    attrs = case.get("attrs", {})
    wanted = case.get("gradient")
    dy = inputs.pop("dy", None) if wanted is not None else None
    for name in wanted or []:
        inputs[name].requires_grad_()

    def outputs() -> Dict[str, torch.Tensor]:
        if wanted is None:
            with torch.no_grad():
                return {"output": op(inputs, attrs)}
        y = op(inputs, attrs)
        found = torch.autograd.grad(y, [inputs[name] for name in wanted], dy)
        return {"output": y, **{f"d {name}": g for name, g in zip(wanted, found)}}

    return Task(outputs, outputs)


def adam_task(case: Dict[str, Any], arrays: Dict[str, Any]) -> Task:
    def begin() -> Tuple[torch.Tensor, torch.optim.Optimizer]:
        p = load(arrays["parameters"]).requires_grad_()
        p.grad = load(arrays["gradient"])
        return p, torch.optim.Adam([p], **ADAM)

    _, timed = begin()

    def outputs() -> Dict[str, torch.Tensor]:
        p, optimizer = begin()
        for _ in range(case["steps"]):
            optimizer.step()
        return {"parameters": p}

    return Task(timed.step, outputs)


def overhead_task(case: Dict[str, Any]) -> Any:
    shape = (2, 2) if case["op"] == "matmul" else (4,)
    x, y = (torch.tensor([0.5, -1.0, 2.0, 0.25]).reshape(shape) for _ in range(2))
    dy = torch.ones(shape)
    op = {"add": lambda: x + y, "matmul": lambda: x @ y, "softmax": lambda: torch.softmax(x, -1)}[case["op"]]
    learnt = [x] if case["op"] == "softmax" else [x, y]
    free = case["pass"] == "no gradient"
    if not free:
        for t in learnt:
            t.requires_grad_()
    torch.set_grad_enabled(not free)

    def outputs() -> Dict[str, torch.Tensor]:
        z = op()
        if case["pass"] != "forward and backward":
            return {"output": z}
        return {"output": z, "d x": torch.autograd.grad(z, learnt, dy)[0]}

    return Task(op if case["pass"] != "forward and backward" else outputs, outputs)


def training_task(case: Dict[str, Any], arrays: Dict[str, Any], peers: str) -> Task:
    sys.path.insert(0, os.path.join(peers, "../../transformer/export/pytorch"))
    from modeling_heddle import HeddleConfig, HeddleTransformer

    size = case["model"]

    def begin(prefix: str, dropout: float) -> Callable[[], torch.Tensor]:
        config = HeddleConfig(
            src_vocab=size["vocab"], tgt_vocab=size["vocab"], d_model=size["dModel"], heads=size["heads"],
            layers=size["layers"], feed_forward=size["feedForward"], dropout=dropout, activation="relu",
            norm_first=False, positions="sinusoidal", max_length=512, shared_embeddings=False, tied_output=False,
            pad_id=0, bos_id=2, eos_id=3,
        )  # fmt: skip
        model = HeddleTransformer(config)
        model.load_state_dict({name[len("p:") :]: load(e) for name, e in arrays.items() if name.startswith("p:")})
        model.train()
        source, given, expected = (load(arrays[f"{prefix}:{name}"]) for name in ("source", "input", "expected"))
        optimizer = torch.optim.Adam(model.parameters(), **ADAM)

        def step() -> torch.Tensor:
            optimizer.zero_grad(set_to_none=True)
            scores = model(source, given)
            loss = F.cross_entropy(scores.reshape(-1, size["vocab"]), expected.reshape(-1))
            loss.backward()
            optimizer.step()
            return loss.detach()

        return step

    timed: List[Callable[[], torch.Tensor]] = []

    def run() -> None:
        if not timed:
            timed.append(begin("batch", case["dropout"]))
        timed[0]()

    def outputs() -> Dict[str, torch.Tensor]:
        step = begin("check", 0.0)
        return {"losses": torch.stack([step() for _ in range(3)])}

    return Task(run, outputs)


class Host:
    def __init__(self) -> None:
        self.task: Optional[Task] = None
        self.peers = ""
        self.folder = tempfile.mkdtemp(prefix="heddle-bench-")

    def open(self, argument: Any) -> Any:
        options = argument["options"]
        if options["backend"] != "wasm":
            raise RuntimeError("PyTorch computes on the processor here; it stands beside wasm")
        torch.set_num_threads(options["threads"])
        self.peers = options["peers"]
        torch.zeros(8, 8) @ torch.zeros(8, 8)
        library = blas()
        slow = "" if "openblas" in library or "mkl" in library else " (the reference BLAS: install libopenblas0, which is 30 times as fast)"
        return {
            "version": torch.__version__, "device": f"CPU, {torch.get_num_threads()} threads", "software": False,
            "threads": torch.get_num_threads(), "how": HOW + library + slow,
        }  # fmt: skip

    def prepare(self, argument: Any) -> Optional[str]:
        case, arrays = argument["case"], argument["arrays"]
        self.release(None)
        kind = case["kind"]
        made: Any
        if kind == "op":
            made = op_task(case, arrays)
        elif kind == "adam":
            made = adam_task({**case, "steps": 3}, arrays)
        elif kind == "overhead":
            made = overhead_task(case)
        elif kind == "training":
            made = training_task(case, arrays, self.peers)
        else:
            return "has no decoder with a cache" if kind == "decode" else "does not tell its peak on the CPU"
        if isinstance(made, str):
            return made
        self.task = made
        return None

    def outputs(self, _: Any) -> Any:
        assert self.task is not None
        return {name: store(name, x, self.folder) for name, x in self.task.outputs().items()}

    def sample(self, argument: Any) -> Any:
        assert self.task is not None
        return self.task.sample(argument["samples"], argument["seconds"])

    def counts(self, _: Any) -> Any:
        return {}

    def release(self, _: Any) -> None:
        self.task = None
        torch.set_grad_enabled(True)

    def close(self, _: Any) -> None:
        for name in os.listdir(self.folder):
            os.remove(os.path.join(self.folder, name))
        os.rmdir(self.folder)


def main() -> None:
    host = Host()
    for line in sys.stdin:
        call = json.loads(line)
        try:
            answer = {"id": call["id"], "result": getattr(host, call["method"])(call.get("argument"))}
        except Exception as error:
            answer = {"id": call["id"], "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
