"""Every kernel a library exports, against torch in float64 and against plain torch in the kernel's own dtype.

    python cuda_contract.py                                  # on a CUDA device, native/build/cuda/libawl_cuda.so
    python cuda_contract.py --device cpu [--library PATH]    # libawl_cpu, anywhere

The rule: error(ours) <= 2 * error(torch, same dtype) + 1e-4 for gradients and intermediate values, <= 3 * + 1e-5 for
log-probabilities and losses; error = |got - truth| / |truth| over a whole tensor. Each case also: the same bits twice;
the same bits on a side stream while the default stream is busy (CUDA); nothing written beside an output (margins).
A kernel that is exported and not checked here is a failure. Prints a Markdown table; exit code 1 if anything failed.
"""
import argparse
import itertools
import json
import sys

from awl_library import Library, default_path

GRADIENT, LOSS, EXACT = "gradient", "loss", "exact"
BOUNDS = {GRADIENT: (2, 1e-4), LOSS: (3, 1e-5), EXACT: (0, 0)}
CHECKS = {}
# Their inputs are blocks of a GGUF file, which torch does not know: native/tests and the reference hashes check them.
ELSEWHERE = {"linear_blocks", "dequantize"}
MARGIN = 256


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


def normal(*shape, scale=1.0, dtype=None, device=None):
    """The same numbers on every device."""
    values = torch.randn(*shape, generator=GENERATOR, dtype=torch.float64) * scale
    return values.to(dtype or torch.float32).to(device or DEVICE)


def integers(high, *shape):
    return torch.randint(high, shape, generator=GENERATOR).to(DEVICE)


def dtypes():
    return (torch.float32, torch.bfloat16)


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


@check("rope")
def rope(library):
    for dtype in dtypes():
        for tokens, heads, width, rotated in ((3, 2, 7, 6), (40, 12, 64, 64), (5, 3, 128, 32), (2, 1, 256, 66)):
            x = normal(tokens, heads, width, dtype=dtype)
            angle = normal(tokens, rotated // 2, scale=10)
            cosine, sine = angle.cos().repeat(1, 2), torch.cat((-angle.sin(), angle.sin()), 1)

            def ours(out):
                turned = out(like=x)
                library.rope(turned, cosine, sine, 1.0)
                back = out(like=x)
                library.rope(back, cosine, sine, -1.0)
                return {"turned": turned, "gradient": back}

            def theirs(to):
                def turn(sign):
                    first = x[..., :rotated].to(to)
                    swapped = first.roll(rotated // 2, -1)
                    turned = first * cosine.to(to)[:, None] + sign * swapped * sine.to(to)[:, None]
                    return torch.cat((turned, x[..., rotated:].to(to)), -1)
                return {"turned": turn(1), "gradient": turn(-1)}

            yield Case(f"rope {tokens}x{heads}x{width} rotating {rotated}", ours, theirs, dtype,
                       {"turned": GRADIENT, "gradient": GRADIENT})


def capped(z, cap):
    return torch.tanh(z / cap) * cap if cap else z


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


def attention(q, k, v, scale, cap, seen):
    """q [H, T, E], k and v [K, S, E]; seen [T, S]."""
    group = q.size(0) // k.size(0)
    z = capped(q @ k.repeat_interleave(group, 0).transpose(1, 2) * scale, cap).masked_fill(~seen, -float("inf"))
    return z.softmax(-1) @ v.repeat_interleave(group, 0)


@check("cache_attention")
def cache_attention(library):
    shapes = ((1, 1, 8, 0, (0,), 4, 0, 0), (9, 3, 64, 64, (0, 64, 130, 199), 200, 0, 0),
              (32, 8, 128, 128, (1023, 5), 1024, 0, 0), (8, 4, 256, 256, (700, 31), 701, 64, 50), (28, 4, 128, 128, (300,), 512, 0, 0))
    for dtype, (heads, kv, width, rotated, positions, capacity, window, cap) in itertools.product(dtypes(), shapes):
        rows = len(positions)
        projected = normal(rows, (heads + 2 * kv) * width, dtype=dtype)
        keys, values = normal(rows, kv, capacity, width, dtype=dtype), normal(rows, kv, capacity, width, dtype=dtype)
        slot, position = torch.arange(rows).flip(0).to(DEVICE), torch.tensor(positions).to(DEVICE)
        angle = normal(rows, rotated // 2, scale=10)
        cosine, sine = angle.cos().repeat(1, 2), torch.cat((-angle.sin(), angle.sin()), 1)

        def ours(out):
            p, k, v, result = out(like=projected), out(like=keys), out(like=values), out(rows, heads * width, dtype=dtype)
            library.cache_attention(p, cosine, sine, k, v, slot, position, result, width**-0.5, cap, window)
            return {"out": result, "keys": k, "values": v}

        def theirs(to):
            p = projected.to(to).view(rows, heads + 2 * kv, width).clone()
            turned = p[:, :heads + kv, :rotated]
            p[:, :heads + kv, :rotated] = (turned * cosine.to(to)[:, None]
                                           + turned.roll(rotated // 2, -1) * sine.to(to)[:, None]) if rotated else turned
            k, v, result = keys.to(to).clone(), values.to(to).clone(), []
            for row in range(rows):
                s, at = int(slot[row]), positions[row]
                k[s, :, at], v[s, :, at] = p[row, heads:heads + kv], p[row, heads + kv:]
                seen = torch.arange(at + 1, device=DEVICE)[None] > (at - window if window else -1)
                result.append(attention(p[row, :heads, None], k[s, :, :at + 1], v[s, :, :at + 1], width**-0.5, cap, seen))
            return {"out": torch.stack(result).reshape(rows, -1), "keys": k, "values": v}

        yield Case(f"cache_attention {heads}/{kv}x{width} at {max(positions)}" + (f" window {window}" if window else ""),
                   ours, theirs, dtype, {"out": GRADIENT, "keys": GRADIENT, "values": GRADIENT})


@check("document_attention", "document_attention_backward")
def document_attention(library):
    for heads, kv, width, starts, window, cap in ((3, 1, 8, (0, 5, 6), 0, 0), (9, 3, 64, (0, 70, 200), 0, 0),
                                                  (4, 2, 32, (0, 150), 40, 20)):
        rows = starts[-1]
        projected, d = normal(rows, (heads + 2 * kv) * width), normal(rows, heads * width)
        start = torch.tensor(starts).to(DEVICE)
        longest = max(b - a for a, b in zip(starts, starts[1:]))
        padded, wide = (longest + 31) // 32 * 32, (width + 31) // 32 * 32
        space = 5 * (padded + 32) * wide + 2 * 48 * (padded + 32) + 3 * 48 * wide

        def ours(out):
            value, lse, below, workspace = out(rows, heads * width), out(heads, rows), out(like=projected), out(space)
            library.document_attention(projected, start, value, lse, workspace, width**-0.5, cap, window)
            library.document_attention_backward(d, projected, start, value, lse, below, workspace, width**-0.5, cap, window)
            return {"value": value, "below": below}

        def theirs(to):
            leaf = projected.to(to).requires_grad_()
            split = leaf.view(rows, heads + 2 * kv, width).transpose(0, 1)
            parts = []
            for a, b in zip(starts, starts[1:]):
                at = torch.arange(b - a, device=DEVICE)
                seen = (at[None] <= at[:, None]) & (at[None] > at[:, None] - (window or b))
                q, k, v = split[:heads, a:b], split[heads:heads + kv, a:b], split[heads + kv:, a:b]
                parts.append(attention(q, k, v, width**-0.5, cap, seen).transpose(0, 1).reshape(b - a, -1))
            value = torch.cat(parts)
            value.backward(d.to(to))
            return {"value": value, "below": leaf.grad}

        yield Case(f"document_attention {heads}/{kv}x{width} {rows}", ours, theirs, torch.float32,
                   {"value": GRADIENT, "below": GRADIENT})


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


@check("adamw")
def adamw(library):
    rate, beta1, beta2, epsilon, step = 1e-2, 0.9, 0.95, 1e-8, 3
    for sizes in ((5, 4096, 1, 70001), (33,) * 130):
        given = [(normal(n), normal(n), normal(n), normal(n).abs(), 0.1 if i % 2 else 0.0) for i, n in enumerate(sizes)]
        divisor, skip = torch.tensor(1.7, device=DEVICE), torch.tensor(0.0, device=DEVICE)

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
    start = torch.full((200000,), 1.0, dtype=torch.bfloat16, device=DEVICE)

    def rounded(out):
        value, zero, one = out(like=start), out(len(start), fill=0), out(len(start), fill=1)
        none = torch.tensor(0.0, device=DEVICE)
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
                table = torch.full((classes, width), 0.5, dtype=to, device=DEVICE)
                return {"table": table.index_add(0, tokens, gradient.to(to), alpha=-7.25)}

            yield Case(f"embedding_backward {rows} of {classes}x{width}", ours, theirs,
                       torch.float32 if dtype == torch.float32 else dtype, {"table": GRADIENT})


@check("dropout")
def dropout(library):
    for dtype in dtypes():
        for rows, width, share in ((1, 1, 0.5), (7, 33, 0.1), (130, 4096, 0.05), (5, 4099, 0.9)):
            x, key, place = normal(rows, width, dtype=dtype), torch.randint(-2**62, 2**62, (rows,), generator=GENERATOR), -5
            low = 0xffffffff
            z = [(int(k) + place) % 2**64 for k in key]
            z = [(k ^ k >> 30) * 0xbf58476d1ce4e5b9 % 2**64 for k in z]
            z = [(k ^ k >> 27) * 0x94d049bb133111eb % 2**64 for k in z]
            z = [k ^ k >> 31 for k in z]
            h = torch.arange(width)[None] * 0x9e3779b9 + torch.tensor([k & low for k in z])[:, None] & low
            h = (h ^ h >> 16) * 0x7feb352d & low
            h = ((h ^ h >> 15) + torch.tensor([k >> 32 for k in z])[:, None] & low) * 0x846ca68b & low
            kept = ((h ^ h >> 16) >= int(share * 2**32)).to(DEVICE)

            def ours(out):
                result = out(like=x)
                library.dropout(x, key.to(DEVICE), result, share, place)
                return {"left": result, "places": (result != 0).float()}

            def theirs(to):
                return {"left": x.to(to) * kept / (1 - share), "places": kept.float()}

            yield Case(f"dropout {rows}x{width}, {share}", ours, theirs, dtype, {"left": GRADIENT, "places": EXACT})


@check("sample")
def sample(library):
    for classes, scale in ((1, 1), (1000, 3), (50257, 4), (128256, 4)):
        rows = 24
        z = normal(rows, classes, scale=scale)
        u = torch.rand(rows, generator=GENERATOR, dtype=torch.float64).to(DEVICE)
        plain = ((0, 0, 1, 0), (1, 0, 1, 0), (0.7, 40, 1, 0), (1, 0, 0.9, 0), (1, 0, 1, 0.05), (1.2, 50, 0.8, 0.01))
        settings = torch.tensor([plain[row % len(plain)] for row in range(rows)], dtype=torch.float64).to(DEVICE)

        def ours(out):
            chosen, log_prob = out(rows, dtype=torch.int64), out(rows)
            library.sample(z, settings, u, chosen, log_prob)
            allowed = [is_drawn(z[row], settings[row].tolist(), float(u[row]), int(chosen[row])) for row in range(rows)]
            log_p = z.double().log_softmax(-1).gather(1, chosen[:, None])[:, 0]
            return {"drawn as specified": torch.tensor(allowed).float().min(), "log p - truth": log_prob - log_p.float()}

        def theirs(to):
            return {"drawn as specified": torch.tensor(1.0), "log p - truth": torch.zeros(rows, device=DEVICE)}

        yield Case(f"sample {rows}x{classes}", ours, theirs, torch.float32,
                   {"drawn as specified": EXACT, "log p - truth": LOSS})


def is_drawn(z, settings, u, chosen):
    """Whether an id is the draw, or within 1e-5 of being it."""
    temperature, top_k, top_p, min_p = settings
    z = z.double()
    if temperature == 0:
        return chosen == int(z.argmax())
    order = z.sort(descending=True, stable=True).indices
    mass = ((z - z.max()) / temperature).exp()
    keep = z >= z[order[min(int(top_k), len(z)) - 1]] if top_k else torch.ones_like(z, dtype=torch.bool)
    if top_p < 1:
        sorted_mass = (mass * keep)[order]
        before = sorted_mass.cumsum(0) - sorted_mass
        stays = torch.zeros_like(keep)
        stays[order] = before < top_p * (1 + 1e-5) * sorted_mass.sum()
        keep &= stays
    keep &= mass >= min_p
    if not keep[chosen]:
        return False
    sums = (mass * keep).cumsum(0)
    total, after = float(sums[-1]), float(sums[chosen])
    return after - float(mass[chosen]) <= u * total * (1 + 2e-5) + 1e-5 * total and after >= u * total * (1 - 2e-5) - 1e-5 * total


@check("linear_cross_entropy")
def linear_cross_entropy(library):
    """Not a kernel of its own here: torch's GEMMs around softmax_xent_rows, as the engine puts them together."""
    from awl_head import linear_cross_entropy as head

    for dtype in dtypes() if library.backend == "cuda" else (torch.float32,):
        for rows, width, classes, active, cap in ((300, 64, 507, 0, 0), (300, 64, 507, 1, 0), (300, 64, 1000, 127, 0),
                                                  (300, 64, 1000, 128, 0), (300, 33, 123, 129, 30), (300, 128, 4096, 300, 0)):
            h, w = normal(rows, width, dtype=dtype), normal(classes, width, scale=width**-0.5, dtype=dtype)
            y = integers(classes, rows)
            index = torch.randperm(rows, generator=GENERATOR)[:active].sort().values.to(DEVICE)
            row_weight = torch.zeros(rows, device=DEVICE)
            row_weight[index] = normal(active)
            h[torch.ones(rows, dtype=torch.bool, device=DEVICE).index_fill(0, index, False)] = float("nan")  # must not leak

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


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    options.add_argument("--library", help="default: what cmake/build-native.sh built for the device")
    options.add_argument("--only", default="", help="kernels whose name contains this")
    options.add_argument("--json", help="writes all lines here")
    args = options.parse_args()
    global torch, DEVICE, GENERATOR
    import torch

    DEVICE, GENERATOR = args.device, torch.Generator().manual_seed(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    library = Library(args.library or default_path(args.device))
    if library.backend != args.device:
        sys.exit(f"{library.path} is a library for {library.backend}, not for {args.device}")
    lines, done = [], set()
    print(f"{library.path.name} ({library.instruction_set()}), torch {torch.__version__}"
          + (f", {torch.cuda.get_device_name()}" if args.device == "cuda" else ""))
    print("\n| case | dtype | quantity | error | torch's | bound | |\n|---|---|---|---|---|---|---|")
    for kernel in library.kernels + ["linear_cross_entropy"]:
        if args.only not in kernel or kernel in ELSEWHERE:
            continue
        if kernel not in CHECKS:
            lines.append({"case": kernel, "wrong": ["no check"]})
            print(f"| {kernel} | | | | | | **no check** |")
            continue
        if CHECKS[kernel] in done:
            continue
        done.add(CHECKS[kernel])
        for case in CHECKS[kernel](library):
            for line in run(case, args.device):
                lines.append(line)
                print(f"| {line['case']} | {line['dtype']} | {line['quantity']} | {line['error']:.2e} |"
                      f" {line['torch_error']:.2e} | {line['bound']:.2e} | {'**' + ', '.join(line['wrong']) + '**' if line['wrong'] else 'ok'} |")
    if args.device == "cuda" and not stays_on_its_stream(library):
        lines.append({"case": "streams", "wrong": ["waited for another stream"]})
    failed = [line for line in lines if line["wrong"]]
    print(f"\n{len(lines)} quantities, {len(failed)} failed")
    if args.json:
        with open(args.json, "w") as out:
            json.dump({"library": library.path.name, "torch": torch.__version__, "lines": lines}, out, indent=1)
    sys.exit(1 if failed or not lines else 0)


if __name__ == "__main__":
    main()
