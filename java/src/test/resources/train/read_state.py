"""What safetensors' own reader finds in a checkpoint's tensors, as one line of JSON: dtype, shape, sum and CRC-32 of the bytes.
No torch is needed; bfloat16, which numpy has not, is widened by hand."""
import json
import struct
import sys
import zlib

from safetensors import deserialize

WIDTHS = {"F32": ("f", 4), "F64": ("d", 8), "I64": ("q", 8)}


def numbers(dtype, data):
    if dtype == "BF16":
        data = b"".join(b"\0\0" + data[at:at + 2] for at in range(0, len(data), 2))
        dtype = "F32"
    letter, width = WIDTHS[dtype]
    return struct.unpack(f"<{len(data) // width}{letter}", data)


with open(sys.argv[1], "rb") as file:
    tensors = deserialize(file.read())
print(json.dumps({
    name: {"dtype": each["dtype"], "shape": each["shape"], "sum": sum(numbers(each["dtype"], bytes(each["data"]))),
           "crc": zlib.crc32(bytes(each["data"]))}
    for name, each in tensors}))
