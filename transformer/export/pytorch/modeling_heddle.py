"""The Transformer of heddle in PyTorch: torch.nn.Transformer between embeddings and a linear layer.

    from checkpoint_heddle import load_model

    model = load_model(".")
    scores = model(source, target)  # ids [batch, S] and [batch, L] -> [batch, L, tgt_vocab]

Source: Vaswani et al. 2017, "Attention Is All You Need".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence

import torch
from torch import Tensor, nn

CHOICES = {"activation": ("relu", "gelu"), "norm": ("layer",), "positions": ("sinusoidal", "learned")}
"""What can be made of torch.nn.Transformer; heddle has more."""


@dataclass(frozen=True)
class HeddleConfig:
    """The shape of a model, and the ids of the marks that it reads and writes."""

    src_vocab: int
    tgt_vocab: int
    d_model: int
    heads: int
    layers: int
    feed_forward: int
    dropout: float
    activation: str
    norm_first: bool
    positions: str
    max_length: int
    shared_embeddings: bool
    tied_output: bool
    pad_id: int
    bos_id: int
    eos_id: int

    @staticmethod
    def from_json(config: Mapping[str, Any]) -> HeddleConfig:
        """From the contents of config.json."""
        model, marks = config["model"], config["marks"]["target"]
        for name, known in CHOICES.items():
            if model[name] not in known:
                raise ValueError(f"config.json: {name} {model[name]}, expected {' or '.join(known)}.")
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
            positions=model["positions"],
            max_length=model["maxLength"],
            shared_embeddings=model["sharedEmbeddings"],
            tied_output=model["tiedOutput"],
            pad_id=model["padId"],
            bos_id=marks["bos"],
            eos_id=marks["eos"],
        )


def sinusoids(length: int, d_model: int) -> Tensor:
    """[length, d]: PE(p, 2i) = sin(p / 10000^(2i/d)), PE(p, 2i+1) = cos(p / 10000^(2i/d)) (section 3.5)."""
    place = torch.arange(length, dtype=torch.float64).unsqueeze(1)
    even = torch.arange(0, d_model, 2, dtype=torch.float64)
    angle = place * torch.exp(even * (-math.log(10000.0) / d_model))
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1).float()


class InputEmbedding(nn.Embedding):
    """dropout(√d · E[token] + position), with sinusoidal or learned positions."""

    def __init__(self, vocab: int, config: HeddleConfig) -> None:
        super().__init__(vocab, config.d_model)
        self.dropout = nn.Dropout(config.dropout)
        self.positions: Optional[nn.Parameter] = None
        if config.positions == "learned":
            self.positions = nn.Parameter(torch.randn(config.max_length, config.d_model) * config.d_model**-0.5)
        # No buffer: each process of a training has a table as long as it needs, and all tables begin alike.
        self.table = sinusoids(64, config.d_model)

    def forward(self, tokens: Tensor) -> Tensor:
        """ids [batch, L] -> [batch, L, d]"""
        x = super().forward(tokens) * math.sqrt(self.embedding_dim)
        return self.dropout(x + self.places(tokens.size(1)))

    def places(self, length: int) -> Tensor:
        """The positions of the first `length` tokens: [L, d]"""
        if self.positions is not None:
            if length > self.positions.size(0):
                raise ValueError(f"{length} tokens, but there are learned positions for {self.positions.size(0)} only.")
            return self.positions[:length]
        if length > self.table.size(0):
            self.table = sinusoids(2 * length, self.embedding_dim)
        self.table = self.table.to(self.weight)
        return self.table[:length]


class HeddleTransformer(nn.Module):
    """Embeddings, torch.nn.Transformer, and scores for each target token."""

    def __init__(self, config: HeddleConfig) -> None:
        super().__init__()
        self.config = config
        sizes = (config.d_model, config.heads)
        shape: Dict[str, Any] = dict(
            dim_feedforward=config.feed_forward,
            dropout=config.dropout,
            activation=config.activation,
            batch_first=True,
            norm_first=config.norm_first,
        )
        self.src_embed = InputEmbedding(config.src_vocab, config)
        self.tgt_embed = InputEmbedding(config.tgt_vocab, config)
        # Nested tensors would cut padded places off the memory, whose mask still has them.
        encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(*sizes, **shape),
            config.layers,
            norm=nn.LayerNorm(config.d_model),
            enable_nested_tensor=False,
        )
        self.transformer = nn.Transformer(*sizes, config.layers, config.layers, custom_encoder=encoder, **shape)
        self.generator = nn.Linear(config.d_model, config.tgt_vocab)
        if config.shared_embeddings:
            self.tgt_embed.weight = self.src_embed.weight
        if config.tied_output:
            self.generator.weight = self.tgt_embed.weight

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """source: ids [batch, S]; target: ids [batch, L], shifted right -> scores [batch, L, tgt_vocab]"""
        padding = self.padding(source)
        return self.decode(target, self.encode(source, padding), padding)

    @property
    def longest(self) -> Optional[int]:
        """Tokens of the longest sequence; None where there is no such limit."""
        return self.config.max_length if self.config.positions == "learned" else None

    def padding(self, tokens: Tensor) -> Tensor:
        """True where a token is padding, which attention does not see."""
        return tokens.eq(self.config.pad_id)

    def encode(self, source: Tensor, padding: Tensor) -> Tensor:
        """source: ids [batch, S] -> memory [batch, S, d]"""
        return self.transformer.encoder(self.src_embed(source), src_key_padding_mask=padding)

    def decode(self, target: Tensor, memory: Tensor, memory_padding: Tensor) -> Tensor:
        """target: ids [batch, L]; memory: [batch, S, d] -> scores [batch, L, tgt_vocab]"""
        length = target.size(1)
        later = torch.ones(length, length, dtype=torch.bool, device=target.device).triu(1)
        state = self.transformer.decoder(
            self.tgt_embed(target),
            memory,
            tgt_mask=later,
            tgt_key_padding_mask=self.padding(target),
            memory_key_padding_mask=memory_padding,
        )
        return self.generator(state)

    @torch.no_grad()
    def greedy(self, sources: Sequence[Sequence[int]], max_length: Optional[int] = None) -> List[List[int]]:
        """The best token at each place, for sources with their end mark; gives ids up to the end mark.

        At most `max_length` tokens; unless given, twice the source and ten more. Leaves the model in evaluation mode.
        """
        self.eval()
        pad_id, bos_id, eos_id = self.config.pad_id, self.config.bos_id, self.config.eos_id
        device = self.generator.weight.device
        source = pad(sources, pad_id).to(device)
        padding = self.padding(source)
        memory = self.encode(source, padding)
        target = torch.full((len(sources), 1), bos_id, dtype=torch.long, device=device)
        limits = [max_length or 2 * len(ids) + 10 for ids in sources]
        if self.longest is not None:
            limits = [min(limit, self.longest) for limit in limits]
        written: List[List[int]] = [[] for _ in sources]
        active = list(range(len(sources)))
        while active:
            scores = self.decode(target, memory, padding)[:, -1]
            scores[:, [pad_id, bos_id]] = -math.inf
            chosen = scores.argmax(dim=-1)
            going = []
            for row, (sentence, token) in enumerate(zip(active, chosen.tolist())):
                written[sentence].append(token)
                if token != eos_id and len(written[sentence]) < limits[sentence]:
                    going.append(row)
            # Sentences that have ended leave the batch.
            active = [active[row] for row in going]
            target = torch.cat([target, chosen.unsqueeze(1)], dim=1)[going]
            memory, padding = memory[going], padding[going]
        return written


def pad(rows: Sequence[Sequence[int]], pad_id: int) -> Tensor:
    """int64 [rows, longest], filled up with padding."""
    width = max((len(row) for row in rows), default=0)
    return torch.tensor([[*row, *[pad_id] * (width - len(row))] for row in rows], dtype=torch.long)
