"""RoPE and attention, over a cache and inside documents."""
import itertools

import torch

from contract import harness
from contract.harness import capped, Case, check, dtypes, GRADIENT, normal


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
        slot, position = torch.arange(rows).flip(0).to(harness.DEVICE), torch.tensor(positions).to(harness.DEVICE)
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
                seen = torch.arange(at + 1, device=harness.DEVICE)[None] > (at - window if window else -1)
                result.append(attention(p[row, :heads, None], k[s, :, :at + 1], v[s, :, :at + 1], width**-0.5, cap, seen))
            return {"out": torch.stack(result).reshape(rows, -1), "keys": k, "values": v}

        yield Case(f"cache_attention {heads}/{kv}x{width} at {max(positions)}" + (f" window {window}" if window else ""),
                   ours, theirs, dtype, {"out": GRADIENT, "keys": GRADIENT, "values": GRADIENT})


@check("document_attention", "document_attention_backward")
def document_attention(library):
    shapes = ((3, 1, 8, (0, 5, 6), 0, 0), (9, 3, 64, (0, 70, 200), 0, 0), (4, 2, 32, (0, 150), 40, 20))
    for dtype, (heads, kv, width, starts, window, cap) in itertools.product(dtypes(), shapes):
        rows = starts[-1]
        projected, d = normal(rows, (heads + 2 * kv) * width, dtype=dtype), normal(rows, heads * width, dtype=dtype)
        start = torch.tensor(starts).to(harness.DEVICE)
        longest = max(b - a for a, b in zip(starts, starts[1:]))
        padded, wide = (longest + 31) // 32 * 32, (width + 31) // 32 * 32
        space = 5 * (padded + 32) * wide + 2 * 48 * (padded + 32) + 4 * 48 * wide + 1024  # AWL_ATTENTION_SPACE

        def ours(out):
            value, below = out(rows, heads * width, dtype=dtype), out(like=projected)
            lse, workspace = out(heads, rows), out(space)
            library.document_attention(projected, start, value, lse, workspace, width**-0.5, cap, window)
            library.document_attention_backward(d, projected, start, value, lse, below, workspace, width**-0.5, cap, window)
            return {"value": value, "below": below}

        def theirs(to):
            leaf = projected.to(to).requires_grad_()
            split = leaf.view(rows, heads + 2 * kv, width).transpose(0, 1)
            parts = []
            for a, b in zip(starts, starts[1:]):
                at = torch.arange(b - a, device=harness.DEVICE)
                seen = (at[None] <= at[:, None]) & (at[None] > at[:, None] - (window or b))
                q, k, v = split[:heads, a:b], split[heads:heads + kv, a:b], split[heads + kv:, a:b]
                parts.append(attention(q, k, v, width**-0.5, cap, seen).transpose(0, 1).reshape(b - a, -1))
            value = torch.cat(parts)
            value.backward(d.to(to))
            return {"value": value, "below": leaf.grad}

        yield Case(f"document_attention {heads}/{kv}x{width} {rows}", ours, theirs, dtype,
                   {"value": GRADIENT, "below": GRADIENT})
