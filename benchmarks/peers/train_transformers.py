"""Training steps of plain transformers, with --lora RANK of transformers + peft. One step sees all rows of the file.

dtype fp32 and bf16 are the dtype of weights and arithmetic; autocast keeps fp32 weights under bf16 autocast.
--micro-batch 1 avoids padding, the default pads all rows to the longest as a data collator does.
"""
import common


def main():
    options = common.parser(__doc__, dtypes=("fp32", "bf16", "autocast"))
    options.add_argument("--rows", required=True)
    options.add_argument("--lora", type=int, default=0, metavar="RANK", help="0: train all parameters")
    options.add_argument("--micro-batch", type=int, default=0, help="rows a forward pass; 0: all")
    options.add_argument("--lr", type=float, default=2e-5)
    options.add_argument("--clip-norm", type=float, default=1.0)
    args = options.parse_args()
    torch = common.torch_with(args.threads)
    torch.manual_seed(1)

    rows = common.read_rows(args.rows)
    model = common.load_model(torch, args.model, args.dtype, train=True)
    if args.lora:
        from peft import get_peft_model

        model = get_peft_model(model, common.lora_config(args.lora))
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=args.lr, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
    size = args.micro_batch or len(rows)
    pad = model.config.pad_token_id or 0
    batches = [common.padded(torch, rows[i:i + size], pad) for i in range(0, len(rows), size)]
    learned = common.learned_tokens(rows)
    losses = []

    def step():
        loss_sum = 0.0
        for batch in batches:
            with torch.autocast("cpu", torch.bfloat16, enabled=args.dtype == "autocast"):
                loss = model(**batch, use_cache=False, num_items_in_batch=learned).loss
            loss.backward()
            loss_sum += loss.item()
        torch.nn.utils.clip_grad_norm_(trained, args.clip_norm)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss_sum)

    seconds = common.repeat(args.steps, args.warmup, step)
    common.report("transformers" + (" + peft" if args.lora else ""), args, seconds,
                  tokens=sum(len(row["ids"]) for row in rows), learned_tokens=learned, lora_rank=args.lora,
                  micro_batch=size, trained_parameters=sum(p.numel() for p in trained), losses=losses)


if __name__ == "__main__":
    main()
