"""AdamW, the gradients' norm, the embedding's gradient."""
import torch

from contract import harness
from contract.harness import bits, Case, check, dtypes, EXACT, GRADIENT, integers, normal


@check("adamw")
def adamw(library):
    rate, beta1, beta2, epsilon, step = 1e-2, 0.9, 0.95, 1e-8, 3
    for sizes in ((5, 4096, 1, 70001), (33,) * 130):
        given = [(normal(n), normal(n), normal(n), normal(n).abs(), 0.1 if i % 2 else 0.0) for i, n in enumerate(sizes)]
        divisor, skip = torch.tensor(1.7, device=harness.DEVICE), torch.tensor(0.0, device=harness.DEVICE)

        def ours(out):
            tensors, values, copies = [], [], []
            for value, gradient, first, second, _ in given:
                values.append(out(like=value))
                copies.append(out(*value.shape, dtype=torch.bfloat16))
                tensors += [values[-1], out(like=gradient), out(like=first), out(like=second), copies[-1]]
            library.adamw(tensors, [decay for *_, decay in given], len(sizes), divisor, skip, rate, beta1, beta2, epsilon,
                          1 - beta1**step, 1 - beta2**step, 7)
            nearest = [bits(copy, value.to(torch.bfloat16)) for value, copy in zip(values, copies)]
            return {"values": torch.cat(values), "copies are rounded": torch.tensor(float(all(nearest)))}

        def theirs(to):
            values = []
            for value, gradient, first, second, decay in given:
                p, g, m, v = (t.to(to) for t in (value, gradient, first, second))
                g = g / 1.7
                m, v = m.lerp(g, 1 - beta1), v * beta2 + (1 - beta2) * g * g
                move = rate / (1 - beta1**step) * m / (v.sqrt() / (1 - beta2**step) ** 0.5 + epsilon)
                values.append(p * (1 - rate * decay) - move)
            return {"values": torch.cat(values), "copies are rounded": torch.tensor(1.0)}

        yield Case(f"adamw of {len(sizes)} tensors", ours, theirs, torch.float32,
                   {"values": GRADIENT, "copies are rounded": EXACT})
    # bfloat16 values alone are rounded at random: their mean is right.
    start = torch.full((200000,), 1.0, dtype=torch.bfloat16, device=harness.DEVICE)

    def rounded(out):
        value, zero, one = out(like=start), out(len(start), fill=0), out(len(start), fill=1)
        none = torch.tensor(0.0, device=harness.DEVICE)
        library.adamw([value, zero, zero.clone(), one, None], [0.1], 1, none + 1, none, rate, beta1, beta2, epsilon,
                      1 - beta1, 1 - beta2, 7)
        return {"mean": value.double().mean()}

    yield Case("adamw, random rounding of 200,000", rounded, lambda to: {"mean": torch.tensor(1 - rate * 0.1)},
               torch.float32, {"mean": GRADIENT})


@check("squared_norm")
def squared_norm(library):
    for sizes in ((65536, 65535, 131073), (37,) * 500, (0, 1)):
        given = [normal(n, scale=3, dtype=torch.bfloat16 if i % 3 == 2 else torch.float32) for i, n in enumerate(sizes)]

        def ours(out):
            workspace, total = out(len(sizes) + 4, dtype=torch.float64), out(dtype=torch.float64)
            library.squared_norm(given, len(sizes), workspace, total)
            return {"sum": total}

        yield Case(f"squared_norm of {len(sizes)} tensors", ours,
                   lambda to: {"sum": sum((t.to(to) ** 2).sum() for t in given)}, torch.float32, {"sum": GRADIENT})


@check("embedding_backward")
def embedding_backward(library):
    for dtype in dtypes():
        for rows, classes, width in ((1, 3, 7), (400, 50, 576), (3000, 128256, 64)):
            gradient, tokens = normal(rows, width, dtype=dtype), integers(classes, rows)
            tokens[::2] = classes - 1

            def ours(out):
                table = out(classes, width, fill=0.5)
                library.embedding_backward(gradient, tokens, table, -7.25)
                return {"table": table}

            def theirs(to):
                table = torch.full((classes, width), 0.5, dtype=to, device=harness.DEVICE)
                return {"table": table.index_add(0, tokens, gradient.to(to), alpha=-7.25)}

            yield Case(f"embedding_backward {rows} of {classes}x{width}", ours, theirs,
                       torch.float32 if dtype == torch.float32 else dtype, {"table": GRADIENT})
