"""The bare matrix products of a training step, by torch or (--by awl) by libawl_cpu: the floor under the step of any engine.

One packed row of all tokens, no padding: every linear layer's output, its input's gradient and (--lora 0) its weight's; with
--lora RANK the six products of the low-rank pair instead of the last; the head over the learned tokens alone. Attention,
norms and the optimiser are not counted. Weights are as many as the model has, so that they come from memory as its do.
By awl, gradients of bfloat16 weights are float32, as the engine's are.
"""
import json
from pathlib import Path

import awl_library
import common


def main():
    options = common.parser(__doc__, dtypes=("fp32", "bf16"))
    options.add_argument("--rows", required=True)
    options.add_argument("--by", default="torch", choices=("torch", "awl"))
    options.add_argument("--lora", type=int, default=0, metavar="RANK", help="0: all parameters are trained")
    args = options.parse_args()
    torch = common.torch_with(args.threads)
    torch.manual_seed(1)
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[args.dtype]
    multiply = by_awl(args.threads) if args.by == "awl" else by_torch(torch)
    sums = torch.float32 if args.by == "awl" else dtype
    config = json.loads((Path(args.model) / "config.json").read_text(encoding="utf-8"))
    rows = common.read_rows(args.rows)
    tokens, learned = sum(len(row["ids"]) for row in rows), common.learned_tokens(rows)
    width, between = config["hidden_size"], config["intermediate_size"]
    head_width = config.get("head_dim") or width // config["num_attention_heads"]
    queries = head_width * config["num_attention_heads"]
    keys = head_width * config["num_key_value_heads"]
    shapes = [(queries, width), (keys, width), (keys, width), (width, queries),
              (between, width), (between, width), (width, between)]
    matrix = lambda *shape: torch.randn(*shape, dtype=dtype)  # noqa: E731
    layers = [(matrix(out, into), matrix(args.lora, into) if args.lora else None,
               matrix(out, args.lora) if args.lora else torch.zeros(out, into, dtype=sums))
              for _ in range(config["num_hidden_layers"]) for out, into in shapes]
    head = matrix(config["vocab_size"], width)
    head_gradient = None if args.lora else torch.zeros_like(head, dtype=sums)
    inputs = {size: matrix(tokens, size) for shape in shapes for size in shape}
    outputs = {size: torch.empty(tokens, size, dtype=dtype) for size in inputs}
    last, logits = matrix(int(learned), width), torch.empty(int(learned), config["vocab_size"], dtype=dtype)
    last_gradient = torch.empty_like(last, dtype=sums)
    flop = 0

    def mm(left, right, out, add=False):
        nonlocal flop
        flop += 2 * left.shape[0] * left.shape[1] * right.shape[1]
        multiply(left, right, out, add)

    thin = torch.empty(tokens, max(args.lora, 1), dtype=dtype)
    thin_gradient = torch.empty_like(thin)
    pair = {size: torch.empty(max(args.lora, 1), size, dtype=dtype) for size in inputs}

    @torch.no_grad()
    def step():
        nonlocal flop
        flop = 0
        for weight, down, up in layers:
            out, into = weight.shape
            mm(inputs[into], weight.t(), outputs[out])
            if args.lora:
                mm(inputs[into], down.t(), thin)
                mm(thin, up.t(), outputs[out], add=True)
        mm(last, head.t(), logits)
        mm(logits, head, last_gradient)
        if head_gradient is not None:
            mm(logits.t(), last, head_gradient, add=True)
        for weight, down, up in reversed(layers):
            out, into = weight.shape
            mm(inputs[out], weight, outputs[into])
            if args.lora:
                mm(inputs[out], up, thin_gradient)
                mm(thin.t(), inputs[out], pair[out])
                mm(thin_gradient.t(), inputs[into], pair[into])
                mm(thin_gradient, down, outputs[into], add=True)
            else:
                mm(inputs[out].t(), inputs[into], up, add=True)

    seconds = common.repeat(args.steps, args.warmup, step)
    common.report(f"bare products, {args.by}", args, seconds, tokens=tokens, learned_tokens=learned, lora_rank=args.lora,
                  gflop=flop / 1e9)


def by_torch(torch):
    def multiply(left, right, out, add):
        if add:
            torch.addmm(out, left, right, out=out)
        else:
            torch.mm(left, right, out=out)

    return multiply


def by_awl(threads):
    library = awl_library.Library(awl_library.default_path("cpu"))
    library.set_threads(threads)
    space = awl_library.product_space
    return lambda left, right, out, add: library.matrix_product(left, right, out, space(library, out), 1.0, int(add))


if __name__ == "__main__":
    main()
