"""The loss head."""
import torch

import awl_head
import awl_head_plan
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


def where(*shape, **given):
    """rows, width, classes, active rows; what else a case has."""
    return dict(zip(("rows", "width", "classes", "active"), shape), **given)


HEADS = (where(300, 64, 507, 0), where(300, 64, 507, 1), where(300, 64, 1000, 127), where(300, 64, 1000, 128),
         where(300, 33, 123, 129, cap=30), where(300, 128, 4096, 300), where(60, 48, 257, 40, bias=True),
         where(60, 48, 257, 40, bias=True, cap=5), where(60, 48, 257, 40, weights=1e-6), where(60, 48, 257, 40, weights=1e6),
         where(40, 32, 131, 40, logits=1e4), where(40, 32, 131, 30, logits=1e4, cap=30), where(30, 24, 50257, 20),
         where(30, 24, 50257, 20, bias=True))


@check("linear_cross_entropy")
def linear_cross_entropy(library):
    """Not a kernel of its own: products around softmax_xent_*, as the engine puts them together."""
    yield from plans()
    for dtype in dtypes():
        for given in HEADS:
            yield head_case(library, dtype, **given)


def head_case(library, dtype, rows, width, classes, active, cap=0, bias=False, weights=1.0, logits=1.0):
    """One head by every way through it: in one go, in chunks of rows and of the vocabulary, frozen, scores first, rows in
    another order. The unlearned rows are NaN, which must not leak."""
    h, w = normal(rows, width, scale=logits, dtype=dtype), normal(classes, width, scale=width**-0.5, dtype=dtype)
    b = normal(classes, dtype=dtype) if bias else None
    y = integers(classes, rows)
    index = torch.randperm(rows, generator=harness.GENERATOR)[:active].sort().values.to(harness.DEVICE)
    y[index[:2]], y[index[2:5]] = 0, classes - 1
    row_weight = torch.zeros(rows, device=harness.DEVICE)
    row_weight[index] = normal(active, scale=weights)
    h[torch.ones(rows, dtype=torch.bool, device=harness.DEVICE).index_fill(0, index, False)] = float("nan")
    order = torch.randperm(rows, generator=harness.GENERATOR).to(harness.DEVICE)
    back, moved = order.argsort(), torch.isin(order, index).nonzero()[:, 0]  # row i goes to back[i]; where they now are
    in_rows = {"chunk": 50}
    by_classes = {"plan": awl_head_plan.Plan(awl_head_plan.VOCABULARY, max(1, active), max(1, classes // 3))}

    def ours(out):
        def gradients():
            found = {"dW": out(classes, width, fill=0)}
            return {**found, "db": out(classes, fill=0)} if bias else found

        def options(found, more):
            return {"soft_cap": cap, "bias": b, "bias_gradient": found.get("db"), **more}

        def trained(name, **more):
            found = gradients()
            scored, dh = awl_head.linear_cross_entropy(library, h, w, y, row_weight, index, found["dW"],
                                                       **options(found, more))
            results.update({f"log p{name}": scored.log_prob, f"dH{name}": dh}, **{k + name: v for k, v in found.items()})

        def scored_first(name, **more):
            found = gradients()
            scored = awl_head.score(library, h, w, y, index, **options({}, more))
            assert not more.get("keeps_logits") or active == 0 or cap or scored.logits, "the logits were not kept"
            dh = awl_head.backward_with_weights(library, h, w, y, row_weight, index, scored, found["dW"],
                                                **options(found, more))
            results.update({f"log p{name}": scored.log_prob, f"dH{name}": dh}, **{k + name: v for k, v in found.items()})

        results = {}
        trained("")
        trained(", rows in chunks", **in_rows)
        trained(", classes in chunks", **by_classes)
        scored_first(", scored")
        scored_first(", scored, classes in chunks", **by_classes)
        scored_first(", scored, logits kept", keeps_logits=True)
        frozen, dh = awl_head.linear_cross_entropy(library, h, w, y, row_weight, index, None, soft_cap=cap, bias=b)
        results["frozen as trained"] = torch.tensor(float(bits(dh, results["dH"]) and bits(frozen.log_prob, results["log p"])))
        found = gradients()
        scored, dh = awl_head.linear_cross_entropy(library, h[order], w, y[order], row_weight[order], moved, found["dW"],
                                                   **options(found, {}))
        permuted = torch.zeros(rows, device=harness.DEVICE)
        permuted[moved] = scored.log_prob
        results.update({"log p, permuted": permuted[back][index], "dH, permuted": dh[back], "dW, permuted": found["dW"]})
        return results

    def theirs(to):
        hs, ws = h.to(to).requires_grad_(), w.to(to).requires_grad_()
        bs = b.to(to).requires_grad_() if bias else None
        z = capped(torch.nn.functional.linear(hs[index], ws, bs), cap)
        loss = torch.nn.functional.cross_entropy(z, y[index], reduction="none")
        (loss * row_weight[index].to(to)).sum().backward()
        found = {"log p": -loss, "dH": hs.grad, "dW": ws.grad, "frozen as trained": torch.tensor(1.0)}
        return Named({**found, "db": bs.grad} if bias else found)

    ways = ("", ", rows in chunks", ", classes in chunks", ", scored", ", scored, classes in chunks",
            ", scored, logits kept")
    kinds = {what + way: LOSS if what == "log p" else GRADIENT
             for way in ways for what in ("log p", "dH", "dW") + (("db",) if bias else ())}
    kinds.update({"frozen as trained": EXACT, "log p, permuted": LOSS, "dH, permuted": GRADIENT, "dW, permuted": GRADIENT})
    told = f"linear_cross_entropy {active} of {rows}x{width}x{classes}" + (" bias" if bias else "")
    told += (f" cap {cap}" if cap else "") + (f" weights {weights:g}" if weights != 1 else "")
    return Case(told + (f" logits {logits:g}" if logits != 1 else ""), ours, theirs, dtype, kinds)


class Named(dict):
    """A quantity is the same whatever way it came."""

    def __missing__(self, key):
        return self[key.split(",")[0]]


def plans():
    """How logits are cut, as Java's HeadPlanTest and HeadWavesTest have it."""
    mib, plan = 1 << 20, awl_head_plan
    cuts = (((1280, 6000, 576, 4, plan.AS_STORED, True, 256 * mib), (plan.ROWS, 1280, 6000)),
            ((1280, 49152, 576, 4, plan.AS_STORED, True, 256 * mib), (plan.ROWS, 640, 49152)),
            ((200, 49152, 576, 4, plan.AS_STORED, True, 256 * mib), (plan.ROWS, 200, 49152)),
            ((400, 49152, 576, 4, plan.NARROW, True, 256 * mib), (plan.ROWS, 400, 49152)),
            ((5000, 49152, 576, 4, plan.AS_STORED, True, 256 * mib), (plan.ROWS, 1250, 49152)),
            ((4096, 151936, 896, 4, plan.AS_STORED, True, 32 * mib), (plan.VOCABULARY, 4096, 2026)),
            ((2000, 128256, 4096, 4, plan.WIDENED, True, 512 * mib), (plan.ROWS, 667, 8192)))
    waves = ((1, 4096, 10000, 1), (4608, 4096, 10000, 4608), (5000, 4096, 10000, 3072), (8192, 4096, 10000, 4096),
             (16384, 4096, 10000, 4096), (16384, 4096, 2100, 2048), (8192, 3584, 10000, 4608), (8192, 2304, 3800, 3200),
             (1000, 4096, 100, 100), (0, 4096, 10000, 1))
    found = [plan.choose(*shape) == cut for shape, cut in cuts]
    found += [plan.waved_rows(active, width, fit, 132) == rows for active, width, fit, rows in waves]
    yield Case("the cut of the logits", lambda out: {"as Java's": torch.tensor(found).float()},
               lambda to: {"as Java's": torch.ones(len(found))}, torch.float32, {"as Java's": EXACT})
