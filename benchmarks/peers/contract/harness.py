"""How a kernel is judged: cases, the outputs they write, the rule of `cuda_contract.py`."""
import torch

GRADIENT, LOSS, EXACT = "gradient", "loss", "exact"
BOUNDS = {GRADIENT: (2, 1e-4), LOSS: (3, 1e-5), EXACT: (0, 0)}
CHECKS = {}
MARGIN = 256
DEVICE, GENERATOR = "cuda", torch.Generator().manual_seed(1)


def check(*kernels):
    """Registers a generator of Case for kernels."""
    def register(function):
        for kernel in kernels:
            CHECKS[kernel] = function
        return function
    return register


class Case:
    """ours(out) and theirs(dtype): dictionaries of tensors; kinds: name -> rule."""

    def __init__(self, name, ours, theirs, dtype, kinds):
        self.name, self.ours, self.theirs, self.dtype, self.kinds = name, ours, theirs, dtype, kinds


class Outputs:
    """Tensors for kernels to write, each inside margins that must stay as they are."""

    def __init__(self, device):
        self.device, self.made = device, []

    def __call__(self, *shape, dtype=None, fill=None, like=None):
        if like is not None:
            shape, dtype, fill = like.shape, like.dtype, like
        count = 1
        for size in shape:
            count *= size
        whole = torch.full((count + 2 * MARGIN,), 77, dtype=dtype or torch.float32, device=self.device)
        inner = whole[MARGIN:MARGIN + count].view(shape)
        if fill is not None:
            inner.copy_(fill) if isinstance(fill, torch.Tensor) else inner.fill_(fill)
        self.made.append(whole)
        return inner

    def untouched(self):
        return all(bool((whole[:MARGIN] == 77).all()) and bool((whole[-MARGIN:] == 77).all()) for whole in self.made)


def normal(*shape, scale=1.0, dtype=None):
    """The same numbers on every device."""
    values = torch.randn(*shape, generator=GENERATOR, dtype=torch.float64) * scale
    return values.to(dtype or torch.float32).to(DEVICE)


def integers(high, *shape):
    return torch.randint(high, shape, generator=GENERATOR).to(DEVICE)


def dtypes():
    return (torch.float32, torch.bfloat16)


def capped(z, cap):
    return torch.tanh(z / cap) * cap if cap else z


def error(got, truth):
    got, truth = got.detach().double().flatten(), truth.detach().double().flatten()
    if got.numel() == 0:
        return 0.0
    finite = bool(torch.isfinite(got).all())
    size = float(truth.norm())
    return float((got - truth).norm()) / (size or 1.0) if finite else float("inf")


def bits(a, b):
    return torch.equal(a.reshape(-1).contiguous().view(torch.uint8), b.reshape(-1).contiguous().view(torch.uint8))


def run(case, device):
    """Lines of the table: (case, dtype, quantity, error of ours, of torch, bound, what went wrong)."""
    outputs = Outputs(device)
    first, wrong = case.ours(outputs), []
    if not outputs.untouched():
        wrong.append("wrote beside an output")
    again = case.ours(Outputs(device))
    if any(not bits(first[name], again[name]) for name in first):
        wrong.append("other bits the second time")
    if device == "cuda":
        wrong += on_side_stream(case, first)
    truth, same = case.theirs(torch.float64), case.theirs(case.dtype)
    for name, kind in case.kinds.items():
        ours, peer = error(first[name], truth[name]), error(same[name], truth[name])
        factor, slack = BOUNDS[kind]
        bound = factor * peer + slack
        problems = wrong + ([] if ours <= bound else ["error"])
        yield {"case": case.name, "dtype": str(case.dtype)[6:], "quantity": name, "error": ours, "torch_error": peer,
               "bound": bound, "wrong": problems}
        wrong = []


def on_side_stream(case, expected):
    side, wrong = torch.cuda.Stream(), []
    torch.cuda.synchronize()
    with torch.cuda.stream(side):
        got = case.ours(Outputs("cuda"))
    side.synchronize()
    if any(not bits(expected[name], got[name]) for name in expected):
        wrong.append("other bits on a side stream")
    return wrong


def stays_on_its_stream(library):
    """A kernel on a side stream is done while the default stream still sleeps."""
    x, w = normal(64, 576), normal(576)
    y, inverse = torch.empty_like(x), torch.empty(64, device="cuda")
    side = torch.cuda.Stream()
    torch.cuda.synchronize()
    torch.cuda._sleep(2_000_000_000)
    asleep = torch.cuda.Event()
    asleep.record()
    with torch.cuda.stream(side):
        library.rms_norm(x, w, y, inverse, 1e-5, 0.0)
    side.synchronize()
    still = not asleep.query()
    torch.cuda.synchronize()
    return still
