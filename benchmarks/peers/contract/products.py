"""Matrix products and the gated activation between them."""
import torch

from contract.harness import Case, check, dtypes, GRADIENT, normal


@check("linear_rows")
def linear_rows(library):
    for dtype in dtypes():
        for rows, width, columns in ((1, 576, 1536), (5, 33, 7), (16, 576, 49152)):
            x, w = normal(rows, width), normal(columns, width, dtype=dtype)

            def ours(out):
                y = out(rows, columns)
                library.linear_rows(x, [w], 1, y)
                return {"y": y}

            yield Case(f"linear_rows {rows}x{width}x{columns} {str(dtype)[6:]} weights", ours,
                       lambda to: {"y": x.to(to) @ w.to(to).t()}, torch.float32, {"y": GRADIENT})


@check("matrix_product")
def matrix_product(library):
    for rows, depth, columns, dtype in ((3, 5, 7, torch.float32), (130, 700, 90, torch.float32),
                                        (130, 700, 90, torch.bfloat16), (257, 96, 1031, torch.bfloat16)):
        a, b, c = normal(rows, depth).to(dtype), normal(depth, columns).to(dtype), normal(rows, columns)

        def ours(out):
            result, workspace = out(like=c), out(8 << 20)
            library.matrix_product(a, b, result, workspace, 0.5, 1)
            return {"c": result}

        yield Case(f"matrix_product {rows}x{depth}x{columns} {str(dtype)[6:]}", ours,
                   lambda to: {"c": c.to(to) + 0.5 * (a.to(to) @ b.to(to))}, torch.float32, {"c": GRADIENT})


@check("low_rank_product")
def low_rank_product(library):
    for rows, depth, columns, rank, dtype in ((3, 5, 7, 1, torch.float32), (130, 700, 90, 16, torch.float32),
                                              (130, 700, 90, 16, torch.bfloat16), (257, 96, 1031, 64, torch.bfloat16)):
        a, b, c = normal(rows, depth, dtype=dtype), normal(depth, columns, dtype=dtype), normal(rows, columns)
        low, up = normal(rows, rank, dtype=dtype), normal(rank, columns, dtype=dtype)

        def ours(out):
            fresh, added, workspace = out(rows, columns), out(like=c), out(8 << 20)
            library.low_rank_product(a, b, low, up, fresh, workspace, 0)
            library.low_rank_product(a, b, low, up, added, workspace, 1)
            return {"c": fresh, "c, added": added}

        def theirs(to):
            both = a.to(to) @ b.to(to) + low.to(to) @ up.to(to)
            return {"c": both, "c, added": c.to(to) + both}

        yield Case(f"low_rank_product {rows}x{depth}x{columns} rank {rank} {str(dtype)[6:]}", ours, theirs, torch.float32,
                   {"c": GRADIENT, "c, added": GRADIENT})


@check("gated", "gated_backward")
def gated(library):
    functional = torch.nn.functional
    for dtype in dtypes():
        for activation, function in ((0, functional.silu), (1, lambda t: functional.gelu(t, approximate="tanh"))):
            for rows, width in ((1, 1), (3, 33), (65, 1536), (40, 14336)):
                both, d = normal(rows, 2 * width, scale=3, dtype=dtype), normal(rows, width, dtype=dtype)

                def ours(out):
                    value, below = out(rows, width, dtype=dtype), out(like=both)
                    library.gated(both, value, activation)
                    library.gated_backward(d, both, below, activation)
                    return {"value": value, "below": below}

                def theirs(to):
                    leaf = both.to(to).requires_grad_()
                    value = function(leaf[:, :width]) * leaf[:, width:]
                    value.backward(d.to(to))
                    return {"value": value, "below": leaf.grad}

                yield Case(f"gated {rows}x{width} {'gelu' if activation else 'silu'}", ours, theirs, dtype,
                           {"value": GRADIENT, "below": GRADIENT})
