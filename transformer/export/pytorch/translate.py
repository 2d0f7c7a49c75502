"""Translates the sentences given, or lines of standard input, one translation a line.

python3 translate.py "The cat sat on the mat"
python3 translate.py < sentences.txt > translations.txt
"""

from __future__ import annotations

import argparse
import sys
from itertools import islice
from pathlib import Path
from typing import Iterable, Iterator, List

import torch

from checkpoint_heddle import load_model
from modeling_heddle import HeddleTransformer
from tokenization_heddle import Tokenizer, load_tokenizers


def translate(model: HeddleTransformer, source: Tokenizer, target: Tokenizer, texts: List[str]) -> List[str]:
    """Greedily, all together. A text without tokens stays empty."""
    encoded = [source.encode(text) for text in texts]
    spoken = iter(model.greedy([[*ids, source.eos] for ids in encoded if ids]) if any(encoded) else [])
    return [target.decode(next(spoken)) if ids else "" for ids in encoded]


def groups(lines: Iterable[str], size: int) -> Iterator[List[str]]:
    iterator = iter(lines)
    while group := list(islice(iterator, size)):
        yield group


def main() -> None:
    parser = argparse.ArgumentParser(description="Translates with the model of a folder.")
    parser.add_argument("texts", nargs="*", help="sentences; without any, lines of standard input")
    parser.add_argument(
        "--model", type=Path, default=Path(__file__).resolve().parent, help="default: that of this file"
    )
    parser.add_argument("--batch", type=int, default=32, help="sentences translated together (default: 32)")
    arguments = parser.parse_args()
    model = load_model(arguments.model, "cuda" if torch.cuda.is_available() else "cpu")
    source, target = load_tokenizers(arguments.model)
    lines = arguments.texts or (line.rstrip("\r\n") for line in sys.stdin)
    for group in groups(lines, arguments.batch):
        for text in translate(model, source, target, group):
            print(text, flush=True)


if __name__ == "__main__":
    main()
