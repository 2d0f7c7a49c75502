"""Trains the model of this folder further, on one machine or on many.

    python3 train.py --data pairs.tsv --epochs 3
    torchrun --nproc_per_node 4 train.py --data train.en train.de --out tuned
    torchrun --nnodes 2 --node_rank 0 --master_addr HOST --nproc_per_node 8 train.py --data pairs.tsv

Each process takes its rows of every batch, and gradients are averaged over the tokens of all: the number of processes
changes how long it takes, and nothing else. A run that was stopped goes on with the same command. The result goes back
with `heddle import`.
"""

from __future__ import annotations

import argparse
import math
import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Iterable, List, Mapping, Optional

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader

from checkpoint_heddle import (
    CONFIG,
    STATE,
    TrainingState,
    finish_saving,
    load_model,
    load_moments,
    load_state,
    moments_of,
    read_config,
    save_checkpoint,
)
from data_heddle import Batch, Example, PairFiles, TokenBatches, collate, encode_pairs, fingerprint
from distributed_heddle import Processes
from tokenization_heddle import load_tokenizers

HERE = Path(__file__).resolve().parent


def parse_arguments(words: Optional[List[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Trains the model of a folder further.")
    add = parser.add_argument
    add("--data", nargs="+", required=True, help="a file of source, tab, target; or two of parallel lines; .gz, too")
    add("--model", type=Path, default=HERE, help="folder to begin with (default: that of this file)")
    add("--out", type=Path, help="folder to write (default: that of the model)")
    add("--epochs", type=int, help="passes over the data in all (default: 1, or as many as --steps takes)")
    add("--steps", type=int, help="steps in all, those behind the model counted")
    add("--batch-tokens", type=int, help="tokens in a batch of all processes, padding counted (default: as before)")
    add("--max-tokens", type=int, default=256, help="longer sentences are left out (default: 256)")
    add("--schedule", choices=["noam", "cosine", "linear", "constant"], help="default: as before, or noam, the paper's")
    add("--lr", type=float, help="largest learning rate (default: as before, or the paper's)")
    add("--warmup", type=int, help="steps of rising learning rate (default: as before, or 4000)")
    add("--label-smoothing", type=float, help="default: as before, or 0.1")
    add("--clip", type=float, default=1.0, help="largest gradient norm, 0 for any (default: 1)")
    add("--dropout", type=float, help="default: the model's own")
    add("--seed", type=int, default=1, help="of the order of the data and of dropout (default: 1)")
    add("--save-every", type=int, default=1000, help="steps between checkpoints, beside each epoch's (default: 1000)")
    add("--log-every", type=int, default=20, help="steps between lines of the log (default: 20)")
    add("--fresh-optimizer", action="store_true", help="forget what Adam remembers, and the place in the data")
    add("--backend", choices=["gloo", "nccl"], help="default: nccl with CUDA, else gloo")
    add("--cpu", action="store_true", help="leave CUDA alone")
    arguments = parser.parse_args(words)
    for name in ("epochs", "steps", "batch_tokens", "max_tokens", "warmup", "save_every", "log_every"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            parser.error(f"--{name.replace('_', '-')}: {value}, expected a whole number above 0")
    return arguments


def schedule_of(
    arguments: argparse.Namespace, own: Mapping[str, Any], d_model: int, end: int
) -> Callable[[int], float]:
    """The learning rate at a step, counted from 1. `own`: the schedule that the run had before; `end`: the last step.

    All rise to the largest rate over the warm-up. Then "noam" falls with the root of the step (equation 3 of the
    paper), "linear" and "cosine" fall to 0 at the end, "constant" stays.
    """
    warmup: int = arguments.warmup or own.get("warmup") or 1
    largest: float = arguments.lr or own.get("lr") or (d_model * warmup) ** -0.5

    def left(step: int) -> float:
        return 1.0 - min(1.0, max(0, step - warmup) / max(1, end - warmup))

    falls: Mapping[str, Callable[[int], float]] = {
        "noam": lambda step: (warmup / step) ** 0.5,
        "cosine": lambda step: (1.0 - math.cos(math.pi * left(step))) / 2.0,
        "linear": left,
        "constant": lambda step: 1.0,
    }
    fall = falls[arguments.schedule or own["kind"]]
    return lambda step: largest * min(step / warmup, fall(step))


def summed_loss(model: nn.Module, batch: Batch, pad_id: int, label_smoothing: float) -> Tensor:
    """Cross-entropy added up over the tokens that are not padding."""
    scores = model(batch.source, batch.input).flatten(0, 1)
    expected = batch.expected.flatten()
    return cross_entropy(scores, expected, ignore_index=pad_id, label_smoothing=label_smoothing, reduction="sum")


class Stop:
    """Ctrl-C or SIGTERM asks for a stop at the next step; a second Ctrl-C ends the process at once."""

    def __init__(self) -> None:
        self.asked = torch.zeros(())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.ask)

    def ask(self, *_: object) -> None:
        self.asked.fill_(1)
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Log:
    """A line every few steps, with the mean loss since the last one; from the first process alone."""

    def __init__(self, every: int, speaks: bool) -> None:
        self.every = every
        self.speaks = speaks
        self.begin()

    def begin(self) -> None:
        self.loss = 0.0
        self.tokens = 0.0
        self.since = time.perf_counter()

    def say(self, text: str) -> None:
        if self.speaks:
            print(text, flush=True)

    def add(self, state: TrainingState, loss: float, tokens: float, lr: float, norm: float) -> None:
        self.loss += loss
        self.tokens += tokens
        if state.step % self.every == 0:
            mean, rate = self.loss / self.tokens, self.tokens / (time.perf_counter() - self.since)
            at = f"step {state.step}  epoch {state.epoch + 1}"
            self.say(f"{at}  loss {mean:.6f}  lr {lr:.3e}  norm {norm:.4f}  {rate:,.0f} tokens/s")
            self.begin()


def prepare_folder(model: Path, out: Path) -> None:
    """Makes the folder to write a whole one: code and tokenizers come from the one to begin with."""
    out.mkdir(parents=True, exist_ok=True)
    finish_saving(out)
    for path in model.iterdir():
        if path.suffix in (".py", ".json", ".md") and path.name != CONFIG and not (out / path.name).exists():
            shutil.copyfile(path, out / path.name)


class Trainer:
    """A training: everything is decided when it is made, `run` does it."""

    def __init__(self, arguments: argparse.Namespace, processes: Processes) -> None:
        self.arguments = arguments
        self.processes = processes
        self.log = Log(arguments.log_every, processes.rank == 0)
        self.saved: Optional[TrainingState] = None
        self.out: Path = arguments.out or arguments.model
        if processes.rank == 0:
            prepare_folder(arguments.model, self.out)
        # Where the same command was stopped, its own folder holds more than the one it began with.
        begin = self.out if (self.out / STATE).exists() else arguments.model
        self.config = read_config(begin)
        recipe = (self.config.get("training") or {}).get("recipe", {})
        self.model = load_model(begin, processes.device, arguments.dropout).train()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1.0, betas=(0.9, 0.98), eps=1e-9)
        self.parallel = processes.wrap(self.model)
        self.restore(None if arguments.fresh_optimizer else load_state(begin))
        own = arguments.label_smoothing
        self.label_smoothing: float = recipe.get("labelSmoothing", 0.1) if own is None else own
        self.load_data(begin, arguments.batch_tokens or recipe.get("batchTokens", 2048))
        self.end = self.last_step()
        before = recipe.get("schedule", {"kind": "noam", "warmup": 4000})
        self.schedule = schedule_of(arguments, before, self.model.config.d_model, self.end)

    def restore(self, state: Optional[TrainingState]) -> None:
        """Goes on from the state of the first process, or without one."""
        anew = TrainingState(step=self.config.get("step") or 0, adam_step=0, moments={})
        shared = self.processes.share(state or anew, self.model)
        load_moments(self.optimizer, self.model, shared)
        if not shared.moments:
            self.log.say("there is no optimizer state to go on from: Adam begins anew")
        # From here on the optimizer has them.
        self.state = replace(shared, moments={})

    def load_data(self, folder: Path, batch_tokens: int) -> None:
        """Reads all pairs; the place in the data is kept if they are the same and make the same batches."""
        arguments, processes = self.arguments, self.processes
        longest = min(arguments.max_tokens, self.model.longest or arguments.max_tokens)
        pairs = PairFiles(arguments.data)
        source, target = load_tokenizers(folder)
        self.examples = encode_pairs(pairs, source, target, longest)
        self.nothing: Example = ([source.eos], [target.bos, self.model.config.pad_id])
        self.batches = TokenBatches(self.examples, batch_tokens, arguments.seed, processes.rank, processes.world)
        data = fingerprint(self.examples, batch_tokens, arguments.seed)
        if data != self.state.data:
            self.state = replace(self.state, data=data, epoch=0, batch=0)
        bad = "".join(f"; {count:,} lines left out: {reason}" for reason, count in pairs.bad.items())
        self.log.say(f"{pairs}: {len(self.examples):,} pairs{bad}")

    def last_step(self) -> int:
        """Where --steps or --epochs end, whichever comes first. Every epoch has as many batches."""
        steps, epochs = self.arguments.steps, self.arguments.epochs
        if epochs is None:
            epochs = sys.maxsize if steps else 1
        epoch = len(self.batches.batches())
        left = epochs * epoch - (self.state.epoch * epoch + self.state.batch)
        return min(steps or sys.maxsize, self.state.step + max(0, left))

    @property
    def finished(self) -> bool:
        return self.state.step >= self.end

    def run(self) -> None:
        where = f"{self.processes.world} x {self.processes.device.type}"
        self.log.say(f"{where}, from step {self.state.step} to {self.end}, epoch {self.state.epoch + 1}")
        if self.finished:
            self.log.say("nothing to do: give more --epochs or --steps, which count all there were")
            return
        stop = Stop()
        while not (self.finished or stop.asked):
            self.batches.set_position(self.state.epoch, self.state.batch)
            for batch in self.loader():
                if self.finished or not self.step(batch, stop):
                    break
                if self.state.step % self.arguments.save_every == 0:
                    self.save()
            else:
                self.state = replace(self.state, epoch=self.state.epoch + 1, batch=0)
                self.save()
        self.save()
        self.log.say(f"{'stopped' if stop.asked else 'done'} after step {self.state.step}: {self.out}")

    def loader(self) -> Iterable[Batch]:
        def together(examples: List[Example]) -> Batch:
            # A process that has no row of a batch takes part with one of which nothing counts.
            return collate(examples or [self.nothing], self.model.config.pad_id)

        return DataLoader(self.examples, batch_sampler=self.batches, collate_fn=together)  # type: ignore[arg-type]

    def step(self, batch: Batch, stop: Stop) -> bool:
        """One update of the parameters; False, and no update, when one of the processes was asked to stop."""
        processes, state = self.processes, self.state
        step = state.step + 1
        # Seeded at each step: a run that was stopped goes on as if it had not been.
        torch.manual_seed((self.arguments.seed * 1_000_003 + step) * 65_537 + processes.rank)
        batch = Batch(*(part.to(processes.device) for part in batch))
        pad_id = self.model.config.pad_id
        loss = summed_loss(self.parallel, batch, pad_id, self.label_smoothing)
        total, tokens, asked = processes.sum(loss, batch.expected.ne(pad_id).sum(), stop.asked)
        if asked:
            stop.ask()
            return False
        self.optimizer.zero_grad(set_to_none=True)
        # Gradients are averaged over processes: this makes them those of the mean over all tokens.
        (loss * (processes.world / tokens)).backward()
        norm = float(clip_grad_norm_(self.model.parameters(), self.arguments.clip or math.inf))
        if not (math.isfinite(total) and math.isfinite(norm)):
            raise ValueError(
                f"loss {total / tokens}, gradient norm {norm} at step {step}. Lower --lr or raise --warmup."
            )
        lr = self.schedule(step)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.step()
        self.state = replace(state, step=step, adam_step=state.adam_step + 1, batch=state.batch + 1)
        self.log.add(self.state, total, tokens, lr, norm)
        return True

    def save(self) -> None:
        if self.processes.rank == 0 and self.saved is not self.state:
            moments = moments_of(self.optimizer, self.model)
            save_checkpoint(self.out, self.model, self.config, replace(self.state, moments=moments))
            self.saved = self.state


def main() -> None:
    arguments = parse_arguments()
    processes = Processes(arguments.backend, arguments.cpu)
    try:
        Trainer(arguments, processes).run()
    except (OSError, ValueError) as error:
        sys.exit(f"train.py: {error}")
    finally:
        processes.close()


if __name__ == "__main__":
    main()
