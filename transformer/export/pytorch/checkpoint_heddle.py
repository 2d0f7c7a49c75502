"""The folder as a checkpoint: the model, its tokenizers, and the state that training goes on from.

heddle reads the same folder: `heddle import DIR --out RUN`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Union

import torch
from torch import Tensor, nn

from modeling_heddle import HeddleConfig, HeddleTransformer
from safetensors_heddle import encode, load_file

MODEL = "model.safetensors"
CONFIG = "config.json"
STATE = "training.safetensors"

PathLike = Union[str, Path]


@dataclass(frozen=True)
class TrainingState:
    """What Adam remembers, and where a run stands."""

    step: int
    """Steps behind the model, those in heddle counted."""
    adam_step: int
    """Steps behind the moments."""
    moments: Mapping[str, Tensor]
    """`exp_avg.NAME` and `exp_avg_sq.NAME` for each parameter."""
    epoch: int = 0
    batch: int = 0
    """Batches of this epoch that are done."""
    data: str = ""
    """Fingerprint of the data, and of how they are cut into batches: the position is one in these."""
    heddle: str = ""
    """Where heddle was in its own training; passed on as it is."""

    def to_metadata(self) -> Dict[str, str]:
        """All but the moments, as a safetensors file keeps it."""
        numbers = {"step": self.step, "adamStep": self.adam_step, "epoch": self.epoch, "batch": self.batch}
        return {**{name: str(number) for name, number in numbers.items()}, "data": self.data, "heddle": self.heddle}

    @staticmethod
    def from_file(moments: Mapping[str, Tensor], metadata: Mapping[str, str]) -> TrainingState:
        step, adam_step, epoch, batch = (int(metadata.get(name, 0)) for name in ("step", "adamStep", "epoch", "batch"))
        return TrainingState(
            step, adam_step, moments, epoch, batch, metadata.get("data", ""), metadata.get("heddle", "")
        )


def read_config(folder: PathLike) -> Dict[str, Any]:
    return json.loads((Path(folder) / CONFIG).read_text(encoding="utf-8"))


def load_model(
    folder: PathLike, device: Union[str, torch.device] = "cpu", dropout: Optional[float] = None
) -> HeddleTransformer:
    """The model of a folder, in evaluation mode; `dropout` replaces its own."""
    folder = Path(folder)
    config = HeddleConfig.from_json(read_config(folder))
    model = HeddleTransformer(config if dropout is None else replace(config, dropout=dropout))
    tensors, _ = load_file(folder / MODEL)
    model.load_state_dict(tensors)
    return model.to(device).eval()


def load_state(folder: PathLike) -> Optional[TrainingState]:
    """The state beside a model; None where there is none."""
    path = Path(folder) / STATE
    if not path.exists():
        return None
    return TrainingState.from_file(*load_file(path))


def load_moments(optimizer: torch.optim.Adam, model: nn.Module, state: TrainingState) -> None:
    """Puts what Adam remembers back under the names of the parameters."""
    slots = {}
    for place, (name, _) in enumerate(model.named_parameters()):
        if f"exp_avg.{name}" in state.moments:
            slots[place] = {
                "step": torch.tensor(float(state.adam_step)),
                "exp_avg": state.moments[f"exp_avg.{name}"],
                "exp_avg_sq": state.moments[f"exp_avg_sq.{name}"],
            }
    optimizer.load_state_dict({**optimizer.state_dict(), "state": slots})


def moments_of(optimizer: torch.optim.Adam, model: nn.Module) -> Dict[str, Tensor]:
    moments = {}
    for name, parameter in model.named_parameters():
        slot = optimizer.state.get(parameter, {})
        moments.update({f"{key}.{name}": slot[key] for key in ("exp_avg", "exp_avg_sq") if key in slot})
    return moments


def save_checkpoint(
    folder: PathLike, model: HeddleTransformer, config: Mapping[str, Any], state: TrainingState
) -> None:
    """Writes model, config and state together: after a crash the folder holds the old ones or the new."""
    folder = Path(folder)
    files = {
        STATE: encode(state.moments, state.to_metadata()),
        MODEL: encode(model.state_dict(), {"format": "pt"}),
        CONFIG: json.dumps({**config, "step": state.step}, indent=1, ensure_ascii=False).encode("utf-8") + b"\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        with open(beside(folder, name), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    for name in files:
        os.replace(beside(folder, name), folder / name)


def finish_saving(folder: PathLike) -> None:
    """Ends what a crash interrupted: the state is written first, and takes its place first when all is written."""
    folder = Path(folder)
    if beside(folder, STATE).exists():
        for name in (CONFIG, MODEL, STATE):
            if beside(folder, name).exists():
                beside(folder, name).unlink()
    for name in (MODEL, CONFIG):
        if beside(folder, name).exists():
            os.replace(beside(folder, name), folder / name)


def beside(folder: Path, name: str) -> Path:
    return folder / f"{name}.new"
