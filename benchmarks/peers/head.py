"""The loss head alone: torch's linear + cross_entropy, forward and backward, both gradients wanted.

dense: every row is learned. masked: --active of the rows, the others carry ignore_index. gathered: the active rows are
picked first, then dense. --frozen: no gradient of the weight, as under LoRA.
Each variant runs in a process of its own, so that its peak memory is its own. `memory_above_inputs_mib` is the growth of
the peak over the inputs, less the size of the gradients handed back: the workspace. Gradients start as None, as after
zero_grad(), which is torch's cheapest way: nothing is cleared or added to.
"""
import json
import subprocess
import sys

import common

VARIANTS = ("dense", "masked", "gathered")


def measure(args):
    torch = common.torch_with(args.threads)
    functional = torch.nn.functional
    torch.manual_seed(1)
    dtype = torch.bfloat16 if args.dtype == "bf16" else torch.float32
    hidden = torch.randn(args.rows, args.width).to(dtype).requires_grad_()
    weight = (torch.randn(args.vocabulary, args.width) * args.width**-0.5).to(dtype).requires_grad_(not args.frozen)
    targets = torch.randint(args.vocabulary, (args.rows,))
    active = torch.randperm(args.rows)[: round(args.rows * args.active)].sort().values
    masked = torch.full_like(targets, -100)
    masked[active] = targets[active]
    gathered = targets[active]
    inputs = [tensor for tensor in (hidden, weight) if tensor.requires_grad]
    cast = torch.Tensor.float if args.upcast else lambda logits: logits
    loss = {}

    def step():
        for tensor in inputs:
            tensor.grad = None
        rows = hidden[active] if args.variant == "gathered" else hidden
        wanted = {"dense": targets, "masked": masked, "gathered": gathered}[args.variant]
        # Nothing here holds the logits, so torch may free them as soon as it can.
        result = functional.cross_entropy(cast(functional.linear(rows, weight)), wanted)
        result.backward()
        loss["value"] = result.item()

    gradients = sum(tensor.nbytes for tensor in inputs) / 2**20
    before = common.resident_mib()
    seconds = common.repeat(args.steps, args.warmup, step)
    rows = args.rows if args.variant == "dense" else len(active)
    common.report(f"head {args.variant}" + (" frozen" if args.frozen else ""), args, seconds, rows=args.rows,
                  active_rows=rows, width=args.width, vocabulary=args.vocabulary, upcast=args.upcast,
                  loss=loss["value"], memory_above_inputs_mib=common.peak_mib() - before - gradients)


def main():
    options = common.parser(__doc__, model=False)
    options.add_argument("--rows", type=int, default=1024)
    options.add_argument("--width", type=int, default=576)
    options.add_argument("--vocabulary", type=int, default=49152)
    options.add_argument("--active", type=float, default=0.25)
    options.add_argument("--upcast", action="store_true", help="float32 logits from a bf16 product, as transformers does")
    options.add_argument("--frozen", action="store_true")
    options.add_argument("--variant", choices=VARIANTS, help="one line for it alone; otherwise one line with all")
    args = options.parse_args()
    if args.variant:
        measure(args)
        return
    results = []
    for variant in VARIANTS:
        command = [sys.executable, *sys.argv, "--variant", variant]
        results.append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout))
    print(json.dumps({"name": "head", "variants": results}))


if __name__ == "__main__":
    main()
