"""RMSNorm, with and without the residual sum."""
import torch

from contract.harness import Case, check, dtypes, EXACT, GRADIENT, normal


@check("rms_norm", "rms_norm_backward")
def rms_norm(library):
    for dtype in dtypes():
        for rows, width, offset in ((1, 7, 0.0), (5, 33, 1.0), (64, 576, 0.0), (33, 4096, 0.0), (130, 2304, 1.0)):
            x, w, dy = normal(rows, width, scale=3, dtype=dtype), normal(width, dtype=dtype), normal(rows, width, dtype=dtype)

            def ours(out):
                y, inverse, dx = out(like=x), out(rows), out(like=x)
                dw, workspace = out(width, fill=0.5), out(16, width)
                library.rms_norm(x, w, y, inverse, 1e-5, offset)
                library.rms_norm_backward(dy, x, w, inverse, dx, dw, workspace, offset)
                return {"y": y, "dx": dx, "dw": dw - 0.5}

            def theirs(to):
                xs, ws = x.to(to).requires_grad_(), w.to(to).requires_grad_()
                y = torch.nn.functional.rms_norm(xs, (width,), ws + offset, 1e-5)
                y.backward(dy.to(to))
                return {"y": y, "dx": xs.grad, "dw": ws.grad}

            yield Case(f"rms_norm {rows}x{width}" + (" 1+w" if offset else ""), ours, theirs, dtype,
                       {"y": GRADIENT, "dx": GRADIENT, "dw": GRADIENT})


@check("add_rms_norm", "add_rms_norm_backward")
def add_rms_norm(library):
    for dtype in dtypes():
        for rows, width, offset in ((1, 7, 0.0), (5, 33, 1.0), (64, 576, 0.0), (33, 4096, 0.0)):
            x, branch, w = normal(rows, width, scale=3, dtype=dtype), normal(rows, width, dtype=dtype), normal(width, dtype=dtype)
            dy, ds = normal(rows, width, dtype=dtype), normal(rows, width, dtype=dtype)

            def ours(out):
                total, y, inverse, dx = out(like=x), out(like=x), out(rows), out(like=x)
                dw, workspace = out(width, fill=0), out(16, width)
                library.add_rms_norm(x, branch, w, total, y, inverse, 1e-5, offset)
                library.add_rms_norm_backward(dy, ds, total, w, inverse, dx, dw, workspace, offset)
                return {"sum": total, "y": y, "dx": dx, "dw": dw}

            def theirs(to):
                total = (x + branch).to(to).requires_grad_()  # rounded as it is stored
                weight = w.to(to).requires_grad_()
                y = torch.nn.functional.rms_norm(total, (width,), weight + offset, 1e-5)
                torch.autograd.backward((y, total), (dy.to(to), ds.to(to)))
                return {"sum": total, "y": y, "dx": total.grad, "dw": weight.grad}

            yield Case(f"add_rms_norm {rows}x{width}" + (" 1+w" if offset else ""), ours, theirs, dtype,
                       {"sum": EXACT, "y": GRADIENT, "dx": GRADIENT, "dw": GRADIENT})
