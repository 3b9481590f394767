"""Our kernels beside torch, torch.compile and the loss-head libraries that can be imported, in one sitting on one device.

    python cuda_kernels.py --json out.json > out.md                       # CUDA, everything
    python cuda_kernels.py --only head --models llama-3.1-8b --rows 8192 --active 0.25
    python cuda_kernels.py --device cpu                                   # small shapes, anywhere

Times are medians of CUDA events (on a CPU: of a clock), providers in turn, A B C then C B A; behind the median stand the
20th and 80th percentile. `of GEMMs`: the time over that of the bare products over the active rows in the same rounds
(three, or two with a frozen head). Memory is the allocator's peak above the inputs, less the gradients handed back; on a CPU
(Linux) the resident size's, which what is kept from an earlier call hides: read it in megabytes. Errors are
|got - truth| / |truth| against float64 on the same tensors. A provider that is not here or fails says so in its line.
"""
import argparse
import json
import statistics
import time

from awl_library import Library, default_path

# width, vocabulary, soft-cap of the logits
MODELS = {"llama-3.1-8b": (4096, 128256, 0), "qwen2.5-7b": (3584, 152064, 0), "gemma-2-2b": (2304, 256000, 30),
          "qwen2.5-0.5b": (896, 151936, 0)}
SMALL = {"small": (64, 4096, 0), "small-capped": (64, 4096, 30)}


class Clock:
    def __init__(self, device, rounds, warmup):
        self.cuda, self.rounds, self.warmup = device == "cuda", rounds, warmup

    def once(self, call):
        if not self.cuda:
            start = time.perf_counter()
            call()
            return (time.perf_counter() - start) * 1e3
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        call()
        end.record()
        end.synchronize()
        return start.elapsed_time(end)

    def peak_mib(self, call, given):
        """Of one call, above what was there and without the results it made itself; None where it can not be told."""
        before = self.restart_peak()
        if before is None:
            return None
        results = [t for t in call() or () if t is not None and (given is None or t.data_ptr() != given.data_ptr())]
        return max(0, self.peak() - before - sum(t.nbytes for t in results)) / 2**20

    def restart_peak(self):
        """Bytes in use; the peak counts from here on."""
        if self.cuda:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
            return torch.cuda.memory_allocated()
        try:
            with open("/proc/self/clear_refs", "w") as peak:
                peak.write("5")
        except OSError:
            return None
        return resident("VmRSS")

    def peak(self):
        if not self.cuda:
            return resident("VmHWM")
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated()

    def measure(self, calls, given=None):
        """label -> median_ms, low_ms, high_ms, memory_mib; or failed: a peer may have limits of its own."""
        found, alive = {}, []
        for label, call in calls.items():
            try:
                for _ in range(self.warmup):
                    call()
                found[label] = {"ms": [], "memory_mib": self.peak_mib(call, given)}
                alive.append(label)
            except Exception as reason:
                text = str(reason).splitlines()
                found[label] = {"failed": f"{type(reason).__name__}: {text[0][:100] if text else ''}"}
            if self.cuda:
                torch.cuda.empty_cache()
        for turn in range(self.rounds):
            for label in alive if turn % 2 == 0 else reversed(alive):
                found[label]["ms"].append(self.once(calls[label]))
        for label in alive:
            ms = sorted(found[label]["ms"])
            found[label].update(median_ms=statistics.median(ms), low_ms=ms[len(ms) // 5], high_ms=ms[-1 - len(ms) // 5])
        return found


def resident(field):
    """Bytes, from Linux."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field + ":"))


def distance(got, want):
    """In slices, which are all that is made of float64 copies."""
    parts = [float((g.double() - w).norm()) for g, w in zip(got.split(4096), want.split(4096))]
    return sum(part * part for part in parts) ** 0.5 / (float(want.norm()) or 1.0)


def measure_heads(library, clock, args, tell):
    import head_providers as heads

    usual, dtype = (MODELS, torch.bfloat16) if args.device == "cuda" else (SMALL, torch.float32)
    for name in args.models or usual:
        width, vocabulary, cap = {**MODELS, **SMALL}[name]
        for rows, active, frozen, peaked in ((r, a, f, p) for r in args.rows for a in args.active for f in (False, True)
                                             for p in ((False, True) if args.peaked else (False,))):
            inputs = heads.Inputs(args.device, dtype, rows, width, vocabulary, active, frozen, cap, peaked)
            calls, missing = heads.providers(library, inputs, args.chunk, args.compile)
            found = clock.measure(calls, inputs.main)
            loss, dh, dw = heads.truth(inputs)
            for label, line in found.items():
                if "failed" in line or label == heads.GEMMS:
                    continue
                got = calls[label]()
                line["loss_error"] = abs(float(got[0]) - loss) / abs(loss)
                line["dh_error"] = distance(got[1], dh)
                line["dw_error"] = None if dw is None else distance(got[2], dw)
            bare = found[heads.GEMMS].get("median_ms")
            for line in found.values():
                if "median_ms" in line and bare:
                    line["of_gemms"] = line["median_ms"] / bare
            found.update({label: {"failed": reason} for label, reason in missing.items()})
            tell(f"head of {name} ({width} x {vocabulary}), {rows} rows, {active:.0%} active, "
                 f"{'frozen' if frozen else 'trainable'}{', peaked' if peaked else ''}", found)


def elementwise(library, device):
    """title, bytes that must move, {label: call} of the kernels between the GEMMs."""
    functional, big = torch.nn.functional, device == "cuda"
    dtype = torch.bfloat16 if big else torch.float32
    size = dtype.itemsize

    def normal(*shape, to=dtype):
        return torch.randn(*shape, device=device).to(to)

    rows, width, inner = (16384, 4096, 14336) if big else (256, 576, 1536)
    x, w, dy = normal(rows, width), normal(width), normal(rows, width)
    y, dx, inverse = torch.empty_like(x), torch.empty_like(x), torch.empty(rows, device=device)
    dw, workspace = torch.zeros(width, device=device), torch.empty(256, width, device=device)
    leaf, weight = x.clone().requires_grad_(), w.clone().requires_grad_()
    library.rms_norm(x, w, y, inverse, 1e-5, 0.0)
    norm = lambda: functional.rms_norm(x, (width,), w, 1e-5)  # noqa: E731
    result = functional.rms_norm(leaf, (width,), weight, 1e-5)
    yield f"rms_norm {rows} x {width}", 2 * x.nbytes, {
        "awl": lambda: library.rms_norm(x, w, y, inverse, 1e-5, 0.0), "torch": norm, "torch.compile": torch.compile(norm)}
    yield f"rms_norm_backward {rows} x {width}", 3 * x.nbytes, {
        "awl": lambda: library.rms_norm_backward(dy, x, w, inverse, dx, dw, workspace, 0.0),
        "torch": lambda: torch.autograd.grad(result, (leaf, weight), dy, retain_graph=True)}
    if "add_rms_norm" in library.kernels:
        total = torch.empty_like(x)

        def add_and_norm():
            stream = x + dy
            return stream, functional.rms_norm(stream, (width,), w, 1e-5)

        yield f"add_rms_norm {rows} x {width}", 4 * x.nbytes, {
            "awl": lambda: library.add_rms_norm(x, dy, w, total, y, inverse, 1e-5, 0.0), "torch": add_and_norm,
            "torch.compile": torch.compile(add_and_norm)}
    both, d = normal(rows, 2 * inner), normal(rows, inner)
    value, below, grown = torch.empty_like(d), torch.empty_like(both), both.clone().requires_grad_()
    gate = lambda t: functional.silu(t[:, :inner]) * t[:, inner:]  # noqa: E731
    compiled, gated = torch.compile(gate), gate(grown)
    yield f"gated {rows} x {inner}", 3 * d.nbytes, {
        "awl": lambda: library.gated(both, value, 0), "torch": lambda: gate(both), "torch.compile": lambda: compiled(both)}
    yield f"gated_backward {rows} x {inner}", 5 * d.nbytes, {
        "awl": lambda: library.gated_backward(d, both, below, 0),
        "torch": lambda: torch.autograd.grad(gated, grown, d, retain_graph=True)}
    if "rope" in library.kernels:
        heads = normal(rows, 40 if big else 12, 128 if big else 64)
        turned = heads.size(2)
        angle = torch.randn(rows, turned // 2, device=device)
        cosine, sine = angle.cos().repeat(1, 2), torch.cat((-angle.sin(), angle.sin()), 1)

        def rotate():
            return (heads * cosine[:, None] + heads.roll(turned // 2, -1) * sine[:, None]).to(dtype)

        yield f"rope {rows} x {heads.size(1)} x {turned}", 2 * heads.nbytes, {
            "awl": lambda: library.rope(heads, cosine, sine, 1.0), "torch": rotate, "torch.compile": torch.compile(rotate)}
    yield from optimizer(library, device, big)
    count, classes = (4096, 128256) if big else (64, 4096)
    target, row_weight = torch.randint(classes, (count,), device=device), torch.ones(count, device=device)
    log_prob, lse = torch.empty(count, device=device), torch.empty(count, dtype=torch.float64, device=device)
    for kind in (torch.float32, torch.bfloat16) if big else (torch.float32,):
        z = normal(count, classes, to=kind)
        leaf_z = z.clone().requires_grad_()

        def cross_entropy():
            torch.autograd.grad(functional.cross_entropy(leaf_z, target), leaf_z)

        yield f"softmax_xent_rows {count} x {classes} {str(kind)[6:]}", 2 * z.nbytes, {
            "awl": lambda z=z: library.softmax_xent_rows(z, target, row_weight, None, log_prob, lse,
                                                            0.0), "torch": cross_entropy}
    if "sample" in library.kernels:
        batch = 64 if big else 4
        z = normal(batch, classes, to=torch.float32)
        u, chosen = torch.rand(batch, dtype=torch.float64, device=device), torch.empty(batch, dtype=torch.int64, device=device)
        likely = torch.empty(batch, device=device)
        settings = torch.tensor([[0.8, 40, 0.95, 0]], dtype=torch.float64, device=device).repeat(batch, 1)

        def sort_and_draw():
            top = (z / 0.8).topk(40).values
            kept = torch.where(z / 0.8 < top[:, -1:], -torch.inf, z / 0.8)
            values, order = kept.sort(descending=True)
            mass = values.softmax(-1)
            mass[mass.cumsum(-1) - mass > 0.95] = 0
            return order.gather(1, torch.multinomial(mass, 1))

        yield f"sample {batch} x {classes}, top-k 40, top-p 0.95", z.nbytes, {
            "awl": lambda: library.sample(z, settings, u, chosen, likely), "torch": sort_and_draw}
    if "cache_attention" in library.kernels:
        batch, position, heads, kv, wide = (64, 4095, 32, 8, 128) if big else (2, 127, 9, 3, 64)
        keys, values = (normal(batch, kv, position + 1, wide, to=torch.float32) for _ in range(2))
        projected, out = normal(batch, (heads + 2 * kv) * wide, to=torch.float32), torch.empty(batch, heads * wide, device=device)
        slot, at = torch.arange(batch, device=device), torch.full((batch,), position, device=device)
        cosine, sine = torch.ones(batch, wide, device=device), torch.zeros(batch, wide, device=device)
        q = projected[:, :heads * wide].view(batch, heads, 1, wide)
        yield f"cache_attention {batch} tokens at {position}, {heads}/{kv} heads of {wide}", 2 * keys.nbytes, {
            "awl": lambda: library.cache_attention(projected, cosine, sine, keys, values, slot, at, out, wide**-0.5, 0.0, 0),
            "torch": lambda: functional.scaled_dot_product_attention(q, keys, values, enable_gqa=True)}


def optimizer(library, device, big):
    """The step of 16 tensors, their norm, and the gradient of an embedding."""
    size = 1 << (24 if big else 16)
    values, gradients, firsts, seconds = ([torch.rand(size, device=device) for _ in range(16)] for _ in range(4))
    divisor, skip = torch.ones((), device=device), torch.zeros((), device=device)
    parameters = [torch.nn.Parameter(value.clone()) for value in values]
    for parameter, gradient in zip(parameters, gradients):
        parameter.grad = gradient
    peer = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.1, fused=True)
    tensors = [one for each in zip(values, gradients, firsts, seconds, [None] * 16) for one in each]
    elements = 16 * size
    if "adamw" in library.kernels:
        yield f"adamw of 16 x {size}", 28 * elements, {
            "awl": lambda: library.adamw(tensors, [0.1] * 16, 16, divisor, skip, 1e-3, 0.9, 0.95, 1e-8, 0.5, 0.5, 1),
            "torch, fused": peer.step}
    if "squared_norm" in library.kernels:
        workspace = torch.empty(elements // 65536 + 16, dtype=torch.float64, device=device)
        total = torch.empty((), dtype=torch.float64, device=device)
        yield f"squared_norm of 16 x {size}", 4 * elements, {
            "awl": lambda: library.squared_norm(gradients, 16, workspace, total),
            "torch, float32": lambda: torch.stack(torch._foreach_norm(gradients)).norm()}
    if "embedding_backward" in library.kernels:
        rows, classes, width = (16384, 128256, 4096) if big else (256, 4096, 64)
        gradient, table = torch.rand(rows, width, device=device), torch.zeros(classes, width, device=device)
        tokens = torch.randint(classes, (rows,), device=device)
        tokens[::3] = 5  # as a frequent token
        yield f"embedding_backward {rows} of {classes} x {width}", 12 * rows * width, {
            "awl": lambda: library.embedding_backward(gradient, tokens, table, 1.0),
            "torch index_add_": lambda: table.index_add_(0, tokens, gradient)}


def measure_elementwise(library, clock, args, tell):
    for title, moved, calls in elementwise(library, args.device):
        if not args.compile:
            calls.pop("torch.compile", None)
        found = clock.measure(calls)
        for line in found.values():
            if "median_ms" in line:
                line["gb_per_s"] = moved / line["median_ms"] / 1e6
        tell(title, found)


def number(line, key, form):
    return format(line[key], form) if line.get(key) is not None else ""


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    options.add_argument("--library", help="default: what cmake/build-native.sh built for the device")
    options.add_argument("--only", choices=("head", "elementwise"))
    options.add_argument("--models", nargs="+", choices=[*MODELS, *SMALL],
                         help="default: the first four; on a CPU the last two")
    options.add_argument("--rows", nargs="*", type=int, help="default: 8192 16384; on a CPU 256")
    options.add_argument("--active", nargs="*", type=float, default=[1.0, 0.5, 0.25, 0.1])
    options.add_argument("--chunk", type=int, help="rows of a chunk of ours (default: as the engine cuts them)")
    options.add_argument("--peaked", action="store_true", help="hidden states that predict their targets, as well")
    options.add_argument("--no-compile", dest="compile", action="store_false")
    options.add_argument("--rounds", type=int, help="measured rounds (default 20; on a CPU 5)")
    options.add_argument("--warmup", type=int, help="default 3; on a CPU 1")
    options.add_argument("--threads", type=int, default=2, help="of a CPU")
    options.add_argument("--json", help="writes all numbers here")
    args = options.parse_args()
    global torch
    import torch

    on_cuda = args.device == "cuda"
    args.rows = args.rows or ([8192, 16384] if on_cuda else [256])
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    library = Library(args.library or default_path(args.device))
    if not on_cuda:
        torch.set_num_threads(args.threads)
        library.set_threads(args.threads)
    clock = Clock(args.device, args.rounds or (20 if on_cuda else 5), args.warmup or (3 if on_cuda else 1))
    machine = torch.cuda.get_device_name() if on_cuda else f"CPU, {library.instruction_set()}, {args.threads} threads"
    print(f"{machine}; torch {torch.__version__}; {library.path.name}; {clock.rounds} rounds")
    tables = []

    def tell(title, found):
        tables.append({"title": title, "providers": found})
        print(f"\n### {title}\n\n| | ms | 20-80 % | of GEMMs | GB/s | memory MiB | loss error | dH error | dW error |\n"
              "|---|---|---|---|---|---|---|---|---|")
        for label, line in found.items():
            if "failed" in line:
                print(f"| {label} | {line['failed'].replace('|', '/')} | | | | | | | |")
                continue
            print(f"| {label} | {line['median_ms']:.3f} | {line['low_ms']:.3f}-{line['high_ms']:.3f} | "
                  f"{number(line, 'of_gemms', '.2f')} | {number(line, 'gb_per_s', '.3g')} | {number(line, 'memory_mib', '.0f')} | "
                  f"{number(line, 'loss_error', '.1e')} | {number(line, 'dh_error', '.1e')} | {number(line, 'dw_error', '.1e')} |",
                  flush=True)

    if args.only != "head":
        measure_elementwise(library, clock, args, tell)
    if args.only != "elementwise":
        measure_heads(library, clock, args, tell)
    if args.json:
        with open(args.json, "w") as out:
            json.dump({"machine": machine, "torch": torch.__version__, "library": library.path.name, "tables": tables}, out,
                      indent=1)


if __name__ == "__main__":
    main()
