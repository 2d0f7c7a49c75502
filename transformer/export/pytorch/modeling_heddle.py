"""The Transformer of heddle as a PyTorch module: torch.nn.Transformer between embeddings and a linear layer.

    from modeling_heddle import HeddleTransformer
    model = HeddleTransformer.from_pretrained(".")
    scores = model(source_ids, target_ids)  # [batch, L], [batch, S] -> [batch, L, vocabulary]

Source: Vaswani et al. 2017, "Attention Is All You Need".
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence, Union

import torch
from torch import Tensor, nn

from safetensors_heddle import load_file

PAD, BOS, EOS, UNK = 0, 1, 2, 3


@dataclass(frozen=True)
class HeddleConfig:
    """What config.json says of the model."""

    src_vocab: int
    tgt_vocab: int
    d_model: int
    heads: int
    layers: int
    feed_forward: int
    dropout: float
    activation: str
    norm_first: bool
    shared_embeddings: bool
    tied_output: bool
    pad_id: int

    @staticmethod
    def from_json(model: Mapping[str, Any]) -> HeddleConfig:
        """`model`: the object "model" of config.json."""
        own = {"activation": ("relu", "gelu"), "norm": ("layer",), "positions": ("sinusoidal",)}
        for name, known in own.items():
            if model[name] not in known:
                raise ValueError(f"{name} {model[name]}: torch.nn.Transformer has only {', '.join(known)}.")
        return HeddleConfig(
            src_vocab=model["srcVocab"],
            tgt_vocab=model["tgtVocab"],
            d_model=model["dModel"],
            heads=model["heads"],
            layers=model["layers"],
            feed_forward=model["feedForward"],
            dropout=model["dropout"],
            activation=model["activation"],
            norm_first=model["normFirst"],
            shared_embeddings=model["sharedEmbeddings"],
            tied_output=model["tiedOutput"],
            pad_id=model["padId"],
        )


class SinusoidalPositions(nn.Module):
    """PE(p, 2i) = sin(p / 10000^(2i/d)), PE(p, 2i+1) = cos(p / 10000^(2i/d)) (section 3.5 of the paper)."""

    table: Tensor

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.d_model = d_model
        self.register_buffer("table", self.compute(64), persistent=False)

    def compute(self, length: int) -> Tensor:
        """float32 [length, d], computed in double precision."""
        place = torch.arange(length, dtype=torch.float64).unsqueeze(1)
        even = torch.arange(0, self.d_model, 2, dtype=torch.float64)
        angle = place * torch.exp(even * (-math.log(10000.0) / self.d_model))
        return torch.stack([angle.sin(), angle.cos()], dim=-1).reshape(length, self.d_model).float()

    def forward(self, length: int) -> Tensor:
        """[length, d]; the table grows by doubling."""
        if length > self.table.size(0):
            self.table = self.compute(max(length, 2 * self.table.size(0))).to(self.table.device)
        return self.table[:length]


class HeddleTransformer(nn.Module):
    """Scaled embeddings plus positions, torch.nn.Transformer, and scores for each target token."""

    def __init__(self, config: HeddleConfig) -> None:
        super().__init__()
        self.config = config
        d = config.d_model
        self.src_embed = nn.Embedding(config.src_vocab, d)
        self.tgt_embed = self.src_embed if config.shared_embeddings else nn.Embedding(config.tgt_vocab, d)
        layer = nn.TransformerEncoderLayer(
            d,
            config.heads,
            config.feed_forward,
            config.dropout,
            config.activation,
            batch_first=True,
            norm_first=config.norm_first,
        )
        # Nested tensors would cut padded places off the memory, whose padding mask is still as long.
        encoder = nn.TransformerEncoder(layer, config.layers, nn.LayerNorm(d), enable_nested_tensor=False)
        self.transformer = nn.Transformer(
            d,
            config.heads,
            config.layers,
            config.layers,
            config.feed_forward,
            config.dropout,
            config.activation,
            custom_encoder=encoder,
            batch_first=True,
            norm_first=config.norm_first,
        )
        self.generator = nn.Linear(d, config.tgt_vocab)
        if config.tied_output:
            self.generator.weight = self.tgt_embed.weight
        self.positions = SinusoidalPositions(d)
        self.dropout = nn.Dropout(config.dropout)

    @staticmethod
    def from_pretrained(folder: Union[str, Path], device: Union[str, torch.device] = "cpu") -> HeddleTransformer:
        """The model of a folder that holds config.json and model.safetensors, in evaluation mode."""
        folder = Path(folder)
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        model = HeddleTransformer(HeddleConfig.from_json(config["model"]))
        tensors, _ = load_file(folder / "model.safetensors")
        model.load_state_dict(tensors)
        return model.to(device).eval()

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """source: ids [batch, S]; target: ids [batch, L], shifted right -> scores [batch, L, tgt_vocab]"""
        padding = source.eq(self.config.pad_id)
        return self.decode(target, self.encode(source, padding), padding)

    def encode(self, source: Tensor, padding: Tensor) -> Tensor:
        """source: ids [batch, S]; padding: True where they are padding -> [batch, S, d]"""
        return self.transformer.encoder(self.embed(source, self.src_embed), src_key_padding_mask=padding)

    def decode(self, target: Tensor, memory: Tensor, memory_padding: Tensor) -> Tensor:
        """target: ids [batch, L]; memory: [batch, S, d] -> scores [batch, L, tgt_vocab]"""
        length = target.size(1)
        later = torch.ones(length, length, dtype=torch.bool, device=target.device).triu(1)
        state = self.transformer.decoder(
            self.embed(target, self.tgt_embed),
            memory,
            tgt_mask=later,
            tgt_key_padding_mask=target.eq(self.config.pad_id),
            memory_key_padding_mask=memory_padding,
        )
        return self.generator(state)

    def embed(self, tokens: Tensor, table: nn.Embedding) -> Tensor:
        """Embedding times the root of d, plus positions: [batch, L] -> [batch, L, d]"""
        x = table(tokens) * math.sqrt(self.config.d_model)
        return self.dropout(x + self.positions(tokens.size(1)))

    @torch.no_grad()
    def greedy(self, sources: Sequence[Sequence[int]], max_length: Optional[int] = None) -> List[List[int]]:
        """Translates sources (ids with their end mark) by the best token at each place; gives ids with the end mark.

        `max_length` tokens at most; unless given, twice the source and ten. Switches to evaluation mode.
        """
        self.eval()
        device = self.generator.weight.device
        source = pad(sources, self.config.pad_id).to(device)
        padding = source.eq(self.config.pad_id)
        memory = self.encode(source, padding)
        limits = [max_length or 2 * len(ids) + 10 for ids in sources]
        written: List[List[int]] = [[] for _ in sources]
        target = torch.full((len(sources), 1), BOS, dtype=torch.long, device=device)
        active = list(range(len(sources)))
        while active:
            scores = self.decode(target, memory, padding)[:, -1]
            scores[:, [self.config.pad_id, BOS]] = -math.inf
            chosen = scores.argmax(dim=-1)
            rows = []
            for row, (sentence, token) in enumerate(zip(active, chosen.tolist())):
                written[sentence].append(token)
                if token != EOS and len(written[sentence]) < limits[sentence]:
                    rows.append(row)
            # Sentences that have ended make room.
            active = [active[row] for row in rows]
            target = torch.cat([target, chosen.unsqueeze(1)], dim=1)[rows]
            memory, padding = memory[rows], padding[rows]
        return written


def pad(rows: Sequence[Sequence[int]], pad_id: int = PAD) -> Tensor:
    """int64 [rows, longest], filled up with padding."""
    width = max(len(row) for row in rows)
    return torch.tensor([[*row, *[pad_id] * (width - len(row))] for row in rows], dtype=torch.long)
