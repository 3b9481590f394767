"""The masked log-likelihood as AWL computes it (row chunks, gradient in the forward pass), for machines without Java: the
GEMMs are torch's, what happens between them is our softmax_xent_rows.

Active rows are compacted; for a chunk of them Z = H W^T, log-probabilities and, in place, G = w (softmax - onehot), then
dH = G W and dW += G^T H in float32 with beta = 1. Three GEMMs over active rows, two with a frozen head, one for scores.
"""


def chunk_rows(active, width, budget=4608):
    """Rows of a chunk: all in one up to the budget, else equal shares that are multiples of 128."""
    if active <= budget:
        return max(active, 1)
    shares = -(-active // budget)
    return -(-active // shares // 128) * 128


def linear_cross_entropy(library, hidden, weight, target, row_weight, active, weight_gradient=None, gradient=True,
                         chunk=None, logits_dtype=None, soft_cap=0.0):
    """log_prob [A] float32 of the active rows and dH [N, D]; weight_gradient [V, D] float32 is added to, unless None.

    target, row_weight: of all N rows; active: int64 indices of rows with a weight. logits_dtype: float32 (default), or
    bfloat16 for a bfloat16 model on CUDA.
    """
    import torch

    logits_dtype = logits_dtype or torch.float32
    count, width = active.numel(), hidden.size(1)
    chunk = chunk or chunk_rows(count, width)
    log_prob = torch.empty(count, dtype=torch.float32, device=hidden.device)
    hidden_gradient = torch.zeros_like(hidden) if gradient else None
    for begin in range(0, count, chunk):
        rows = active[begin:begin + chunk]
        h = hidden[rows]
        logits = product(h, weight.t(), logits_dtype)
        log_sum_exp = torch.empty(len(rows), dtype=torch.float64, device=hidden.device)
        # A gradient narrower than the logits goes into their memory, each row at the beginning of theirs.
        narrow = None if logits.dtype == hidden.dtype else logits.view(hidden.dtype)[:, :logits.size(1)]
        library.softmax_xent_rows(logits, target[rows], row_weight[rows] if gradient else None,
                                  narrow if gradient else None, log_prob[begin:begin + chunk], log_sum_exp, soft_cap)
        if not gradient:
            continue
        g = logits if narrow is None else narrow
        hidden_gradient.index_copy_(0, rows, g @ weight)
        if weight_gradient is not None:
            add_product(weight_gradient, g.t(), h)
    return log_prob, hidden_gradient


def product(a, b, dtype):
    import torch

    if a.dtype == dtype:
        return a @ b
    return torch.mm(a, b, out_dtype=dtype) if a.is_cuda else a.to(dtype) @ b.to(dtype)


def add_product(into, a, b):
    """into += a b, into float32: one GEMM with beta = 1."""
    import torch

    if a.dtype == into.dtype:
        into.addmm_(a, b)
    elif a.is_cuda:
        torch.addmm(into, a, b, out_dtype=into.dtype, out=into)
    else:
        into.addmm_(a.to(into.dtype), b.to(into.dtype))
