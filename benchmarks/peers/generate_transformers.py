"""Greedy decoding with transformers' generate: the first --batch rows of --rows as prompts, all at once.

The end-of-sequence token is switched off, so that every row makes exactly --new-tokens. Seconds include the prompt's
forward pass; `useful_tokens` are the new ones.
"""
import common


def main():
    options = common.parser(__doc__, steps=3)
    options.add_argument("--rows", required=True)
    options.add_argument("--batch", type=int, default=1)
    options.add_argument("--new-tokens", type=int, default=128)
    args = options.parse_args()
    torch = common.torch_with(args.threads)

    prompts = [row["ids"] for row in common.read_rows(args.rows)[:args.batch]]
    if len(prompts) < args.batch:
        raise SystemExit(f"{args.rows}: {len(prompts)} rows, --batch {args.batch} asked for")
    model = common.load_model(torch, args.model, args.dtype)
    model.generation_config.eos_token_id = None
    longest = max(len(ids) for ids in prompts)
    pad = model.config.pad_token_id or 0
    inputs = {  # left-padded: new tokens follow the prompt directly
        "input_ids": torch.tensor([[pad] * (longest - len(ids)) + ids for ids in prompts]),
        "attention_mask": torch.tensor([[0] * (longest - len(ids)) + [1] * len(ids) for ids in prompts])}
    made = []

    def generate():
        with torch.inference_mode():
            made[:] = model.generate(**inputs, do_sample=False, max_new_tokens=args.new_tokens)[:, longest:].tolist()

    seconds = common.repeat(args.steps, args.warmup, generate)
    common.report("transformers generate", args, seconds, tokens=sum(map(len, made)), batch=args.batch,
                  prompt_tokens=sum(map(len, prompts)), first_row=made[0][:16])


if __name__ == "__main__":
    main()
