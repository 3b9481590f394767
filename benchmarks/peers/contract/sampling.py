"""Draws: dropout, and tokens from logits."""
import torch

from contract import harness
from contract.harness import Case, check, dtypes, EXACT, GRADIENT, LOSS, normal


@check("dropout")
def dropout(library):
    for dtype in dtypes():
        for rows, width, share in ((1, 1, 0.5), (7, 33, 0.1), (130, 4096, 0.05), (5, 4099, 0.9)):
            x, key, place = normal(rows, width, dtype=dtype), torch.randint(-2**62, 2**62, (rows,), generator=harness.GENERATOR), -5
            low = 0xffffffff
            z = [(int(k) + place) % 2**64 for k in key]
            z = [(k ^ k >> 30) * 0xbf58476d1ce4e5b9 % 2**64 for k in z]
            z = [(k ^ k >> 27) * 0x94d049bb133111eb % 2**64 for k in z]
            z = [k ^ k >> 31 for k in z]
            h = torch.arange(width)[None] * 0x9e3779b9 + torch.tensor([k & low for k in z])[:, None] & low
            h = (h ^ h >> 16) * 0x7feb352d & low
            h = ((h ^ h >> 15) + torch.tensor([k >> 32 for k in z])[:, None] & low) * 0x846ca68b & low
            kept = ((h ^ h >> 16) >= int(share * 2**32)).to(harness.DEVICE)

            def ours(out):
                result = out(like=x)
                library.dropout(x, key.to(harness.DEVICE), result, share, place)
                return {"left": result, "places": (result != 0).float()}

            def theirs(to):
                return {"left": x.to(to) * kept / (1 - share), "places": kept.float()}

            yield Case(f"dropout {rows}x{width}, {share}", ours, theirs, dtype, {"left": GRADIENT, "places": EXACT})


@check("sample")
def sample(library):
    for classes, scale in ((1, 1), (1000, 3), (50257, 4), (128256, 4)):
        rows = 24
        z = normal(rows, classes, scale=scale)
        u = torch.rand(rows, generator=harness.GENERATOR, dtype=torch.float64).to(harness.DEVICE)
        plain = ((0, 0, 1, 0), (1, 0, 1, 0), (0.7, 40, 1, 0), (1, 0, 0.9, 0), (1, 0, 1, 0.05), (1.2, 50, 0.8, 0.01))
        settings = torch.tensor([plain[row % len(plain)] for row in range(rows)], dtype=torch.float64).to(harness.DEVICE)

        def ours(out):
            chosen, log_prob = out(rows, dtype=torch.int64), out(rows)
            library.sample(z, settings, u, chosen, log_prob)
            allowed = [is_drawn(z[row], settings[row].tolist(), float(u[row]), int(chosen[row])) for row in range(rows)]
            log_p = z.double().log_softmax(-1).gather(1, chosen[:, None])[:, 0]
            return {"drawn as specified": torch.tensor(allowed).float().min(), "log p - truth": log_prob - log_p.float()}

        def theirs(to):
            return {"drawn as specified": torch.tensor(1.0), "log p - truth": torch.zeros(rows, device=harness.DEVICE)}

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
