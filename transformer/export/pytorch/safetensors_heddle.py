"""safetensors files with nothing but torch: a JSON header and the raw values behind it.

Source: https://github.com/huggingface/safetensors, "Format". Where the package is installed, it reads, since it maps
files into memory. It does not write: it asks for numpy, and refuses tied parameters, which share memory.
"""

from __future__ import annotations

import ctypes
import json
import struct
import sys
from pathlib import Path
from typing import Dict, Mapping, Tuple, Union

import torch
from torch import Tensor

try:
    import safetensors
except ImportError:
    safetensors = None  # type: ignore[assignment]

Contents = Tuple[Dict[str, Tensor], Dict[str, str]]

DTYPES: Dict[str, torch.dtype] = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


def load_file(path: Union[str, Path]) -> Contents:
    """The tensors of a file by name, and the text that its writer left."""
    if safetensors is not None:
        with safetensors.safe_open(str(path), framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})
    return decode(bytearray(Path(path).read_bytes()), str(path))


def decode(data: bytearray, source: str) -> Contents:
    """Reads the format. The tensors share the memory of `data`."""
    require_little_endian()

    def broken(why: str) -> ValueError:
        return ValueError(f"{source}: not a whole safetensors file: {why}. Copy or export it again.")

    if len(data) < 8:
        raise broken(f"{len(data)} bytes, expected at least 8")
    start = 8 + struct.unpack("<Q", data[:8])[0]
    if start > len(data):
        raise broken(f"it announces {start - 8} bytes of header and has {len(data)} in all")
    try:
        header = dict(json.loads(data[8:start].decode("utf-8")))
    except ValueError:
        raise broken("its header is no JSON") from None
    metadata = header.pop("__metadata__", None) or {}
    tensors: Dict[str, Tensor] = {}
    for name, entry in header.items():
        shape, (begin, end) = entry["shape"], entry["data_offsets"]
        dtype = DTYPES.get(entry["dtype"])
        if dtype is None:
            raise ValueError(f"{source}: {name} has dtype {entry['dtype']}, expected one of {', '.join(DTYPES)}.")
        empty = torch.empty(shape, dtype=dtype, device="meta")
        if start + end > len(data) or end - begin != empty.numel() * empty.element_size():
            raise broken(f"{name} {shape} lies in bytes {begin} to {end} of {len(data) - start}")
        if empty.numel() == 0:
            tensors[name] = torch.empty(shape, dtype=dtype)
        else:
            flat = torch.frombuffer(data, dtype=dtype, count=empty.numel(), offset=start + begin)
            tensors[name] = flat.reshape(shape)
    return tensors, metadata


def encode(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """A whole file: length of the header, header, values. Tied parameters are written under each of their names."""
    require_little_endian()
    header: Dict[str, object] = {"__metadata__": dict(metadata)}
    parts = []
    at = 0
    for name, tensor in tensors.items():
        values = tensor.detach().cpu().contiguous()
        size = values.numel() * values.element_size()
        header[name] = {
            "dtype": NAMES[values.dtype],
            "shape": list(values.shape),
            "data_offsets": [at, at + size],
        }
        parts.append(ctypes.string_at(values.data_ptr(), size) if size else b"")
        at += size
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    # Values begin at a multiple of eight bytes.
    text += b" " * (-len(text) % 8)
    return b"".join([struct.pack("<Q", len(text)), text, *parts])


def require_little_endian() -> None:
    if sys.byteorder != "little":
        raise RuntimeError(
            "safetensors: values are little-endian, this machine is not. Install the package safetensors."
        )
