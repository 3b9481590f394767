"""The loss head."""
import torch

from awl_head import linear_cross_entropy as head
from contract import harness
from contract.harness import bits, capped, Case, check, dtypes, EXACT, GRADIENT, integers, LOSS, normal


@check("softmax_xent_rows", "softmax_xent_partial", "softmax_xent_gradient")
def softmax_xent(library):
    shapes = ((1, 1, 1, 0), (5, 252, 3, 0), (7, 507, 30, 0), (6, 123, 60, 30), (3, 50257, 5, 0), (129, 4096, 3, 0),
              (4, 1000, 1e4, 0), (16, 128256, 8, 0), (4, 256000, 8, 30))
    for dtype in dtypes() if library.backend == "cuda" else (torch.float32,):
        for rows, classes, scale, cap in shapes:
            z = normal(rows, classes, scale=scale, dtype=dtype)
            y = integers(classes, rows)
            y[0], y[-1] = 0, classes - 1
            w = normal(rows)
            w[0] = 1e-6

            def ours(out):
                gradient, log_prob, log_sum_exp = out(like=z), out(rows), out(rows, dtype=torch.float64)
                library.softmax_xent_rows(gradient, y, w, None, log_prob, log_sum_exp, cap)
                # The same in pieces of the vocabulary.
                piece = max(1, classes // 3)
                maximum = out(rows, dtype=torch.float64, fill=-3.402823466e38)
                total, at = out(rows, dtype=torch.float64, fill=0), out(rows, dtype=torch.float64)
                pieces = out(like=z)
                for first in range(0, classes, piece):
                    part = z[:, first:first + piece].clone()
                    library.softmax_xent_partial(part, y, maximum, total, at, first, cap)
                lse = maximum + total.log()
                log_prob_pieces = (at - maximum - total.log()).float()
                for first in range(0, classes, piece):
                    library.softmax_xent_gradient(pieces[:, first:first + piece], y, w, None, log_prob_pieces, lse, first,
                                                  cap)
                alone = out(like=z)
                for row in range(min(rows, 3)):
                    library.softmax_xent_rows(alone[row:row + 1], y[row:row + 1], w[row:row + 1], None, out(1),
                                              out(1, dtype=torch.float64), cap)
                same = bits(alone[:min(rows, 3)], gradient[:min(rows, 3)])
                return {"log p": log_prob, "dz": gradient, "log p in pieces": log_prob_pieces, "dz in pieces": pieces,
                        "rows alone": torch.tensor(float(same))}

            def theirs(to):
                leaf = z.to(to).requires_grad_()
                loss = torch.nn.functional.cross_entropy(capped(leaf, cap), y, reduction="none")
                (loss * w.to(to)).sum().backward()
                return {"log p": -loss, "dz": leaf.grad, "log p in pieces": -loss, "dz in pieces": leaf.grad,
                        "rows alone": torch.tensor(1.0)}

            yield Case(f"softmax_xent {rows}x{classes} scale {scale:g}" + (f" cap {cap}" if cap else ""), ours, theirs,
                       dtype, {"log p": LOSS, "dz": GRADIENT, "log p in pieces": LOSS, "dz in pieces": GRADIENT,
                               "rows alone": EXACT})


@check("linear_cross_entropy")
def linear_cross_entropy(library):
    """Not a kernel of its own here: torch's GEMMs around softmax_xent_rows, as the engine puts them together."""
    for dtype in dtypes() if library.backend == "cuda" else (torch.float32,):
        for rows, width, classes, active, cap in ((300, 64, 507, 0, 0), (300, 64, 507, 1, 0), (300, 64, 1000, 127, 0),
                                                  (300, 64, 1000, 128, 0), (300, 33, 123, 129, 30), (300, 128, 4096, 300, 0)):
            h, w = normal(rows, width, dtype=dtype), normal(classes, width, scale=width**-0.5, dtype=dtype)
            y = integers(classes, rows)
            index = torch.randperm(rows, generator=harness.GENERATOR)[:active].sort().values.to(harness.DEVICE)
            row_weight = torch.zeros(rows, device=harness.DEVICE)
            row_weight[index] = normal(active)
            h[torch.ones(rows, dtype=torch.bool, device=harness.DEVICE).index_fill(0, index, False)] = float("nan")  # must not leak

            def ours(out):
                dw = out(classes, width, fill=0)
                log_prob, dh = head(library, h, w, y, row_weight, index, dw, soft_cap=cap)
                pieces = torch.zeros_like(dw)
                head(library, h, w, y, row_weight, index, pieces, soft_cap=cap, chunk=50)
                return {"log p": log_prob, "dH": dh, "dW": dw, "dW of chunks of 50": pieces}

            def theirs(to):
                hs, ws = h.to(to).requires_grad_(), w.to(to).requires_grad_()
                loss = torch.nn.functional.cross_entropy(capped(hs[index] @ ws.t(), cap), y[index], reduction="none")
                (loss * row_weight[index].to(to)).sum().backward()
                return {"log p": -loss, "dH": hs.grad, "dW": ws.grad, "dW of chunks of 50": ws.grad}

            yield Case(f"linear_cross_entropy {active} of {rows}x{width}x{classes}" + (f" cap {cap}" if cap else ""), ours,
                       theirs, dtype, {"log p": LOSS, "dH": GRADIENT, "dW": GRADIENT, "dW of chunks of 50": GRADIENT})
