"""safetensors files with nothing but torch: the whole format is a JSON header and the raw values behind it.

Source: https://github.com/huggingface/safetensors, "Format". The package `safetensors` is used where it is installed.
"""

from __future__ import annotations

import ctypes
import json
import os
import struct
import sys
from pathlib import Path
from typing import Dict, Mapping, Tuple, Union

import torch
from torch import Tensor

try:
    from safetensors import safe_open
    from safetensors.torch import save as encode
except ImportError:  # the functions below do the same
    safe_open = encode = None

PathLike = Union[str, Path]

_DTYPES: Dict[str, torch.dtype] = {
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
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}

if sys.byteorder != "little":
    raise ImportError("safetensors_heddle: values are little-endian, this machine is not. Install safetensors.")


def load_file(path: PathLike) -> Tuple[Dict[str, Tensor], Dict[str, str]]:
    """The tensors of a file by name, and the text its writer left."""
    if safe_open is not None:
        with safe_open(str(path), framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})
    return decode_bytes(bytearray(Path(path).read_bytes()), str(path))


def save_file(tensors: Mapping[str, Tensor], path: PathLike, metadata: Mapping[str, str]) -> None:
    """Writes a file in one step: whoever reads it sees the old one or the new one, never a half."""
    # Copies: tied parameters share memory, which the package refuses to write.
    values = {name: t.detach().to("cpu", copy=True).contiguous() for name, t in tensors.items()}
    data = encode(values, dict(metadata)) if encode is not None else encode_bytes(values, metadata)
    replace_file(path, data)


def replace_file(path: PathLike, data: bytes) -> None:
    """Writes beside the file, then renames."""
    beside = Path(f"{path}.{os.getpid()}.tmp")
    try:
        with open(beside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        if beside.exists():
            beside.unlink()


def decode_bytes(data: bytearray, source: str = "safetensors") -> Tuple[Dict[str, Tensor], Dict[str, str]]:
    """Reads the format. The tensors share the memory of `data`."""

    def fail(why: str) -> ValueError:
        return ValueError(f"{source}: not a whole safetensors file: {why}. Copy or download it again.")

    if len(data) < 8:
        raise fail(f"{len(data)} bytes, expected at least 8")
    start = 8 + struct.unpack("<Q", data[:8])[0]
    if start > len(data):
        raise fail(f"it announces {start} bytes of header and has {len(data)} in all")
    try:
        header = dict(json.loads(data[8:start].decode("utf-8")))
    except ValueError:
        raise fail("its header is no JSON") from None
    metadata = header.pop("__metadata__", None) or {}
    tensors: Dict[str, Tensor] = {}
    for name, entry in header.items():
        dtype, shape, (begin, end) = _DTYPES.get(entry["dtype"]), entry["shape"], entry["data_offsets"]
        if dtype is None:
            raise ValueError(f"{source}: {name} is of type {entry['dtype']}, expected one of {', '.join(_DTYPES)}.")
        count = 1
        for size in shape:
            count *= size
        if start + end > len(data) or end - begin != count * torch.empty(0, dtype=dtype).element_size():
            raise fail(f"{name} {shape} lies in bytes {begin} to {end} of {len(data) - start}")
        flat = torch.frombuffer(data, dtype=dtype, count=count, offset=start + begin) if count else torch.empty(0)
        tensors[name] = flat.to(dtype).reshape(shape)
    return tensors, metadata


def encode_bytes(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """Writes the format: header length, header padded to eight bytes, values. Tensors are contiguous and on the CPU."""
    header: Dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    parts = []
    at = 0
    for name, tensor in tensors.items():
        size = tensor.numel() * tensor.element_size()
        raw = ctypes.string_at(tensor.data_ptr(), size) if size else b""
        header[name] = {
            "dtype": _NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [at, at + size],
        }
        parts.append(raw)
        at += size
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return b"".join([struct.pack("<Q", len(text)), text, *parts])
