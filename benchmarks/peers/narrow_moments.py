"""How exact is AdamW with moments in bfloat16, rounded to nearest or at random, or in 8 bits? Against float64, beside float32.

Gradients as training has them in kind: blocks of sizes spread over four decades, elements of a block over one to two; a part
that stays and a part that is noise.
8 bits as in "8-bit Optimizers via Block-wise Quantization" (Dettmers et al. 2021, arXiv 2110.02861): blocks of 256 scaled by their
largest, codes that are fine near zero. Parameters stay float32, or float64 in the reference. The error is that of the way the
parameters have gone, relative to its length, and the median of single elements'.
"""
import argparse
import json

import torch

BLOCK = 256


def dynamic_codes(signed):
    """The paper's dynamic tree data type: an exponent in unary, then a linear fraction."""
    codes, bits = [0.0, 1.0], 7 if signed else 8
    for exponent in range(bits):
        steps = 2 ** (bits - 1 - exponent) if signed else 2 ** (bits - exponent - 1)
        edges = torch.linspace(0.1, 1, steps + 1, dtype=torch.float64)
        middles = (edges[:-1] + edges[1:]) / 2 * 10.0 ** -exponent
        codes += middles.tolist()
        if signed:
            codes += (-middles).tolist()
    return torch.tensor(sorted(set(codes)), dtype=torch.float32)[:256]


def through(codes):
    """Rounds to the nearest code, each block scaled by its largest magnitude."""
    borders = (codes[1:] + codes[:-1]) / 2

    def store(x):
        blocks = x.view(-1, BLOCK)
        scale = blocks.abs().amax(1, keepdim=True).clamp_min(1e-38)
        return (codes[torch.bucketize(blocks / scale, borders)] * scale).view_as(x)

    return store


def at_random(x):
    """To bfloat16, up or down with the distances as probabilities: right in the mean, where rounding to nearest keeps a
    second moment that changes by less than half a step as it is."""
    bits = x.view(torch.int32)
    return ((bits + torch.randint(1 << 16, bits.shape, dtype=torch.int32)) & -65536).view(torch.float32)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--numbers", type=int, default=1 << 18)
    options.add_argument("--steps", type=int, default=300)
    args = options.parse_args()
    torch.manual_seed(1)
    block_size = 10.0 ** (torch.rand(args.numbers // BLOCK, 1, dtype=torch.float64) * 4 - 6)
    size = (block_size * 10.0 ** (0.5 * torch.randn(args.numbers // BLOCK, BLOCK, dtype=torch.float64))).view(-1)
    steady = torch.randn(args.numbers, dtype=torch.float64)
    keep = lambda x: x  # noqa: E731
    bf16 = lambda x: x.to(torch.bfloat16).to(torch.float32)  # noqa: E731
    kinds = {
        "float64": (torch.float64, keep, keep),
        "float32": (torch.float32, keep, keep),
        "bfloat16": (torch.float32, bf16, bf16),
        "bfloat16 at random": (torch.float32, at_random, at_random),
        "8 bits": (torch.float32, through(dynamic_codes(True)), through(dynamic_codes(False))),
    }
    state = {name: [torch.zeros(args.numbers, dtype=dtype) for _ in range(3)] for name, (dtype, _, _) in kinds.items()}
    rate, beta1, beta2, epsilon = 1e-4, 0.9, 0.95, 1e-8
    for t in range(1, args.steps + 1):
        gradient = (size * (0.3 * steady + torch.randn(args.numbers, dtype=torch.float64))).float()
        for name, (dtype, first_as, second_as) in kinds.items():
            value, first, second = state[name]
            g = gradient.to(dtype)
            first.copy_(first_as(first + (1 - beta1) * (g - first)))
            second.copy_(second_as(beta2 * second + (1 - beta2) * g * g))
            value -= rate / (1 - beta1**t) * first / ((second / (1 - beta2**t)).sqrt() + epsilon)
    exact = state["float64"][0]
    error = {name: float((value.double() - exact).norm() / exact.norm()) for name, (value, _, _) in state.items()}
    median = {name: float(((value.double() - exact) / exact).abs().median()) for name, (value, _, _) in state.items()}
    for name in list(kinds)[1:]:
        print(f"{name}: {error[name]:.2e} of the way, {error[name] / error['float32']:.0f}x float32's; "
              f"of an element's, the median {median[name]:.1e}")
    print(json.dumps({"numbers": args.numbers, "steps": args.steps, "error": error, "median": median,
                      "torch": torch.__version__}))


if __name__ == "__main__":
    main()
