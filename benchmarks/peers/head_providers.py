"""Everyone who can compute a linear layer and its masked cross-entropy with both gradients: ours, bare GEMMs, torch, and
the libraries that can be imported. A provider is a function without arguments that returns (mean loss, dH, dW)."""
import torch
from torch.nn import functional

from awl_head import Head, linear_cross_entropy

GEMMS = "bare GEMMs over active rows"


class Inputs:
    """The same numbers for everyone. weights: 1 / active rows at active rows, so that the sum is the mean."""

    def __init__(self, device, dtype, rows, width, vocabulary, active, frozen, cap, peaked):
        generator = torch.Generator(device).manual_seed(rows + width)

        def normal(*shape):
            return torch.randn(*shape, generator=generator, device=device)

        self.frozen, self.cap = frozen, cap
        self.weight = (normal(vocabulary, width) * width**-0.5).to(dtype)
        self.target = torch.randint(vocabulary, (rows,), generator=generator, device=device)
        # peaked: most of the mass lies on the target, as in a trained model
        hidden = normal(rows, width) + (12 * self.weight[self.target].float() if peaked else 0)
        self.hidden = hidden.to(dtype)
        shuffled = torch.randperm(rows, generator=generator, device=device)
        self.index = shuffled[:max(1, round(rows * active))].sort().values
        self.row_weight = torch.zeros(rows, device=device)
        self.row_weight[self.index] = 1 / len(self.index)
        self.masked = torch.full_like(self.target, -100)
        self.masked[self.index] = self.target[self.index]
        # The float32 main gradient that a training step adds to; ours writes there, torch hands back its own.
        self.main = None if frozen else torch.zeros(self.weight.shape, device=device)


def truth(inputs, rows_at_once=256):
    """Mean loss, dH and dW in float64."""
    weight, cap = inputs.weight.double(), inputs.cap
    dh = torch.zeros(inputs.hidden.shape, dtype=torch.float64, device=weight.device)
    dw = None if inputs.frozen else torch.zeros_like(weight)
    loss = 0.0
    for rows in inputs.index.split(rows_at_once):
        h = inputs.hidden[rows].double()
        z = h @ weight.t()
        if cap:
            z = torch.tanh(z / cap) * cap
        log_p, at = z.log_softmax(-1), inputs.target[rows][:, None]
        loss -= float(log_p.gather(1, at).sum()) / len(inputs.index)
        g = log_p.exp()
        g.scatter_add_(1, at, torch.full_like(at, -1, dtype=torch.float64))
        g *= inputs.row_weight[rows].double()[:, None]
        if cap:
            g *= 1 - (z / cap) ** 2
        dh[rows] = g @ weight
        if dw is not None:
            dw.addmm_(g.t(), h)
    return loss, dh, dw


def ours(library, inputs, chunk, logits_dtype):
    def call():
        if inputs.main is not None:
            inputs.main.zero_()
        scored, dh = linear_cross_entropy(library, inputs.hidden, inputs.weight, inputs.target, inputs.row_weight,
                                          inputs.index, inputs.main, chunk=chunk, logits_dtype=logits_dtype,
                                          soft_cap=inputs.cap)
        return -scored.log_prob.double().mean(), dh, inputs.main
    return call


def gemms(library, inputs, chunk):
    """What no head can do without, by torch: logits, dH and, unless frozen, dW, for the active rows in our chunks."""
    gathered = inputs.hidden[inputs.index]
    head = Head(library, inputs.hidden, inputs.weight, inputs.target, inputs.row_weight, inputs.index, chunk=chunk)
    rows = head.plan(not inputs.frozen).rows

    def call():
        for h in gathered.split(rows):
            z = h @ inputs.weight.t()
            torch.mm(z, inputs.weight)
            if inputs.main is not None:
                add_product(inputs.main, z.t(), h)
        return None, None, None
    return call


def add_product(into, a, b):
    """into += a b, into float32: one GEMM with beta = 1."""
    if a.dtype == into.dtype:
        into.addmm_(a, b)
    elif a.is_cuda:
        torch.addmm(into, a, b, out_dtype=into.dtype, out=into)
    else:
        into.addmm_(a.to(into.dtype), b.to(into.dtype))


def autograd(inputs, loss):
    """loss(hidden, weight) differentiated. Gradients start as None, torch's cheapest way."""
    hidden = inputs.hidden.detach().requires_grad_()
    weight = inputs.weight.detach().requires_grad_(not inputs.frozen)

    def call():
        hidden.grad = weight.grad = None
        value = loss(hidden, weight)
        value.backward()
        result = value.detach(), hidden.grad, weight.grad
        hidden.grad = weight.grad = None
        return result
    return call


def torch_losses(inputs):
    def capped(z):
        return torch.tanh(z / inputs.cap) * inputs.cap if inputs.cap else z

    def ignoring(h, w):
        return functional.cross_entropy(capped(functional.linear(h, w)), inputs.masked)

    def gathered(h, w):
        return functional.cross_entropy(capped(functional.linear(h[inputs.index], w)), inputs.target[inputs.index])

    return {"torch, ignore_index": ignoring, "torch, rows gathered": gathered}


def without_cap(inputs):
    if inputs.cap:
        raise ValueError("has no soft-cap")


def torch_chunked(inputs):
    from torch.nn.functional import linear_cross_entropy as loss

    without_cap(inputs)
    return lambda h, w: loss(h, w, inputs.masked)


def liger(inputs):
    from liger_kernel.transformers import LigerFusedLinearCrossEntropyLoss

    loss = LigerFusedLinearCrossEntropyLoss(softcap=float(inputs.cap) or None)
    return lambda h, w: loss(w, h, inputs.masked)


def quack(inputs):
    from quack.linear_cross_entropy import chunked_linear_cross_entropy as loss

    without_cap(inputs)
    return lambda h, w: loss(h, w, inputs.masked, ignore_index=-100, reduction="mean")


def quack_at_once(inputs):
    from quack.linear_cross_entropy import chunked_linear_cross_entropy as loss

    without_cap(inputs)
    rows = len(inputs.masked)  # as its authors publish it: fastest, most memory
    return lambda h, w: loss(h, w, inputs.masked, chunk_size=rows, ignore_index=-100, reduction="mean")


def cce(inputs):
    from cut_cross_entropy import linear_cross_entropy as loss

    return lambda h, w: loss(h, w, inputs.masked, softcap=float(inputs.cap) or None)


def trl(inputs):
    from trl.kernels import ChunkedLogProbFunction

    def loss(h, w):  # as its trainer calls it: learned rows only, tiles of 8192 classes, no extra outputs
        scored = ChunkedLogProbFunction.apply(h[inputs.index], w, None, inputs.target[inputs.index], 1.0, 8192,
                                              float(inputs.cap) or None, 1.0, ())
        return -scored[0].mean()
    return loss


PEERS = {"torch linear_cross_entropy": torch_chunked, "Liger": liger, "QuACK": quack,
         "QuACK, one chunk": quack_at_once, "CCE": cce, "TRL": trl}


def providers(library, inputs, chunk, compiled):
    """label -> function, and label -> why it is not here."""
    found = {"awl, float32 logits": ours(library, inputs, chunk, torch.float32)}
    if inputs.hidden.dtype == torch.bfloat16:
        found["awl, bfloat16 logits"] = ours(library, inputs, chunk, torch.bfloat16)
    found[GEMMS] = gemms(library, inputs, chunk)
    for label, loss in torch_losses(inputs).items():
        found[label] = autograd(inputs, loss)
        if compiled:
            found[label.replace("torch", "torch.compile", 1)] = autograd(inputs, torch.compile(loss))
    missing = {}
    for label, make in PEERS.items():
        try:
            found[label] = autograd(inputs, make(inputs))
        except (ImportError, ValueError, RuntimeError, OSError) as reason:
            missing[label] = f"{type(reason).__name__}: {str(reason).splitlines()[0] if str(reason) else ''}"
    return found, missing
