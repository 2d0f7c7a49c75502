"""train.py of a folder under torchrun; at the end the first process says how far apart the weights of all are."""

import sys

sys.path.insert(0, sys.argv.pop(1))

import torch
import torch.distributed as dist
import train


class Compared(train.Trainer):
    def run(self) -> None:
        super().run()
        own = torch.cat([p.detach().flatten() for p in self.model.parameters()])
        all = [torch.empty_like(own) for _ in range(self.processes.world)]
        dist.all_gather(all, own)
        self.log.say(f"ranks {len(all)}, apart {max(float((other - own).abs().max()) for other in all)}")


train.Trainer = Compared
train.main()
