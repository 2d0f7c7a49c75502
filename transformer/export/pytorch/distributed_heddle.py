"""The processes of a training, on one machine or on many."""

from __future__ import annotations

import json
import os
from typing import List, Optional

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from checkpoint_heddle import TrainingState


class Processes:
    """The processes of this training: those that torchrun started, or this one alone."""

    def __init__(self, backend: Optional[str], cpu: bool) -> None:
        cuda = torch.cuda.is_available() and not cpu
        self.world = int(os.environ.get("WORLD_SIZE", 1))
        self.rank = int(os.environ.get("RANK", 0))
        self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda else torch.device("cpu")
        if cuda:
            torch.cuda.set_device(self.device)
        if self.world > 1:
            dist.init_process_group(backend or ("nccl" if cuda else "gloo"))

    def wrap(self, model: nn.Module) -> nn.Module:
        """The same with gradients averaged over processes; all begin with the parameters of the first."""
        if self.world == 1:
            return model
        return DistributedDataParallel(model, device_ids=None if self.device.type == "cpu" else [self.device])

    def sum(self, *values: Tensor) -> List[float]:
        """Each value added up over all processes, in double precision."""
        total = torch.stack([value.detach().to(self.device, torch.float64) for value in values])
        if self.world > 1:
            dist.all_reduce(total)
        return total.tolist()

    def share(self, state: TrainingState, model: nn.Module) -> TrainingState:
        """The state of the first process, for all: other machines may have no copy, or an old one."""
        if self.world == 1:
            return state
        where = self.broadcast_text(json.dumps(state.to_metadata()))
        names = json.loads(self.broadcast_text(json.dumps(sorted(state.moments))))
        parameters = dict(model.named_parameters())
        moments = {}
        for name in names:
            like = parameters[name.split(".", 1)[1]]
            moments[name] = state.moments[name].to(like) if self.rank == 0 else torch.empty_like(like)
            dist.broadcast(moments[name], src=0)
        return TrainingState.from_file(moments, json.loads(where))

    def broadcast_text(self, text: str) -> str:
        """The text of the first process. (torch.distributed's own way for objects asks for numpy.)"""
        data = text.encode("utf-8")
        length = torch.tensor([len(data)], device=self.device)
        dist.broadcast(length, src=0)
        values = list(data) if self.rank == 0 else [0] * int(length)
        codes = torch.tensor(values, dtype=torch.uint8, device=self.device)
        dist.broadcast(codes, src=0)
        return bytes(codes.tolist()).decode("utf-8")

    def close(self) -> None:
        if dist.is_initialized():
            dist.destroy_process_group()
