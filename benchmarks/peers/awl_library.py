"""AWL's kernels through ctypes, on torch tensors of a CPU or a CUDA device. No Java and no build of torch's is needed.

    library = Library("native/build/cuda/libawl_cuda.so")
    library.rms_norm(x, weight, y, inverse_rms, 1e-5, 0.0)      # None stands for an absent tensor

A call runs on torch's current stream and returns at once; a refused argument raises with the kernel's own words.
"""
import ctypes
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Arguments of a kernel as in native/include/awl/kernels.h, but for the stream: t tensor, T list of tensors, d double,
# D list of doubles, i int32, l int64.
SIGNATURES = {
    "rms_norm": "ttttdd",
    "rms_norm_backward": "tttttttd",
    "add_rms_norm": "ttttttdd",
    "add_rms_norm_backward": "ttttttttd",
    "rope": "tttd",
    "softmax_xent_rows": "ttttttd",
    "softmax_xent_partial": "tttttld",
    "softmax_xent_gradient": "ttttttld",
    "linear_rows": "tTit",
    "matrix_product": "ttttdi",
    "low_rank_product": "tttttti",
    "gated": "tti",
    "gated_backward": "ttti",
    "cache_attention": "ttttttttddl",
    "sample": "ttttt",
    "document_attention": "tttttddl",
    "document_attention_backward": "tttttttddl",
    "adamw": "TDlttddddddl",
    "squared_norm": "Tltt",
    "embedding_backward": "tttd",
    "dropout": "tttdl",
}
C_TYPES = {"d": ctypes.c_double, "i": ctypes.c_int32, "l": ctypes.c_int64}
SPACES = {}  # of products, by library and device


class Tensor(ctypes.Structure):
    """struct awl_tensor."""
    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_int64 * 4), ("stride", ctypes.c_int64 * 4),
                ("rank", ctypes.c_int32), ("dtype", ctypes.c_int32), ("device", ctypes.c_int32),
                ("reserved", ctypes.c_int32)]


def view(tensor):
    """An awl_tensor over a torch tensor's memory, or over nothing."""
    import torch

    result = Tensor(rank=-1)
    if tensor is not None:
        dtypes = {torch.float32: 0, torch.bfloat16: 1, torch.float64: 2, torch.int64: 3}
        result.data, result.rank, result.dtype = tensor.data_ptr(), tensor.dim(), dtypes[tensor.dtype]
        result.device = 1 if tensor.is_cuda else 0
        for axis in range(tensor.dim()):
            result.size[axis], result.stride[axis] = tensor.size(axis), tensor.stride(axis)
    return result


def argument(kind, value):
    if kind == "t":
        return ctypes.byref(view(value))
    if kind == "T":
        return (Tensor * len(value))(*[view(tensor) for tensor in value])
    if kind == "D":
        return (ctypes.c_double * len(value))(*value)
    return C_TYPES[kind](value)


def default_path(device):
    return ROOT / ("native/build/cuda/libawl_cuda.so" if device == "cuda" else "native/build/cpu/libawl_cpu.so")


class Library:
    def __init__(self, path):
        self.path = Path(path)
        self._library = ctypes.CDLL(str(self.path))
        for name in ("awl_last_error", "awl_kernel_name", "awl_instruction_set", "awl_backend"):
            getattr(self._library, name).restype = ctypes.c_char_p
        self.backend = self._library.awl_backend().decode()
        self.kernels = []
        while (name := self._library.awl_kernel_name(len(self.kernels))) is not None:
            self.kernels.append(name.decode())

    def instruction_set(self):
        return self._library.awl_instruction_set().decode()

    def set_threads(self, threads):
        self._library.awl_set_threads(threads)

    def __getattr__(self, name):
        if name.startswith("_") or name not in self.kernels:
            raise AttributeError(f"{self.path.name} has no kernel {name}; it has {', '.join(self.kernels)}")
        function = getattr(self._library, "awl_" + name)
        signature = SIGNATURES[name]

        def call(*arguments):
            if len(arguments) != len(signature):
                raise TypeError(f"{name} takes {len(signature)} arguments, got {len(arguments)}")
            values = [argument(kind, value) for kind, value in zip(signature, arguments)]
            if function(*values, ctypes.c_void_p(self._stream(arguments))) != 0:
                raise ValueError(self._library.awl_last_error().decode())

        return call

    @staticmethod
    def _stream(arguments):
        import torch

        for value in arguments:
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, torch.Tensor) and one.is_cuda:
                    return torch.cuda.current_stream(one.device).cuda_stream
        return 0


def product_space(library, like):
    """NativeMatrixProduct's workspace: 32 MiB for cuBLASLt, or what the CPU's kernel asks for its threads."""
    import torch

    floats = 8 << 20 if like.is_cuda else (1 << 20) + torch.get_num_threads() * 144 * (320 + 512)
    key = library.path, like.device
    if key not in SPACES or SPACES[key].numel() < floats:
        SPACES[key] = torch.empty(floats, device=like.device)
    return SPACES[key][:floats]
