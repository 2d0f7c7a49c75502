"""What tests/ops.pytorch.test.ts asks: evaluates expressions in float64, with gradients; reads a JSON list, prints one."""

import json
import math
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

TYPES = {"float32": torch.float64, "int32": torch.int64, "bool": torch.bool}


def flat(value):
    if isinstance(value, torch.Tensor):
        return [value]
    return [t for v in value for t in flat(v)]


def run(module, weights, *inputs):
    """The module in float64 with its parameters, in their order, cut from one row of numbers."""
    module, at = module.double(), 0
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(weights[at : at + p.numel()].reshape(p.shape))
            at += p.numel()
    return module(*inputs)


def rates(make, steps, measures=None):
    """The learning rate at each step that a scheduler, made of an optimizer with rate 0.1, gives."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler, seen = make(optimizer), []
    for step in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step(*([] if measures is None else [measures[step]]))
    return torch.tensor(seen, dtype=torch.float64)


def answer(expression, inputs):
    tensors = {
        name: torch.tensor(i["data"], dtype=TYPES[i["dtype"]]).reshape(i["shape"]) for name, i in inputs.items()
    }
    learnt = {name: t.requires_grad_() for name, t in tensors.items() if t.is_floating_point()}
    outputs = flat(eval(expression, {"torch": torch, "F": F, "math": math, "run": run, "rates": rates, "schedules": torch.optim.lr_scheduler, **tensors}))
    gradients = {}
    total = sum(
        (y * torch.cos(0.7 * torch.arange(y.numel(), dtype=torch.float64).reshape(y.shape))).sum()
        for y in outputs
        if y.requires_grad
    )
    if isinstance(total, torch.Tensor):
        found = torch.autograd.grad(total, list(learnt.values()), allow_unused=True)
        gradients = {name: g.flatten().tolist() for name, g in zip(learnt, found) if g is not None}
    values = [{"shape": list(y.shape), "data": y.detach().double().flatten().tolist()} for y in outputs]
    return {"outputs": values, "gradients": gradients}


def answer_or_error(question):
    try:
        return answer(question["torch"], question["inputs"])
    except Exception as error:
        return {"error": repr(error)}


questions = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
print(json.dumps([answer_or_error(q) for q in questions]))
