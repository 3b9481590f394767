"""Training steps of TRL's SFTTrainer on ready tokens and labels, with --lora RANK through peft.

One step sees all rows of the file. A step's time runs from the end of one optimiser step to the end of the next.
TRL's own defaults (gradient checkpointing, bf16 autocast) come with --defaults; without it checkpointing is off, which
is faster, and --dtype decides.
"""
import tempfile
import time

import common


def main():
    options = common.parser(__doc__, dtypes=("fp32", "bf16", "autocast"))
    options.add_argument("--rows", required=True)
    options.add_argument("--lora", type=int, default=0, metavar="RANK", help="0: train all parameters")
    options.add_argument("--micro-batch", type=int, default=0, help="rows a forward pass; 0: all")
    options.add_argument("--lr", type=float, default=2e-5)
    options.add_argument("--clip-norm", type=float, default=1.0)
    options.add_argument("--defaults", action="store_true", help="TRL's checkpointing and autocast")
    args = options.parse_args()
    torch = common.torch_with(args.threads)
    from datasets import Dataset, disable_progress_bars
    from transformers import AutoTokenizer, PrinterCallback, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    disable_progress_bars()
    rows = common.read_rows(args.rows)
    size = args.micro_batch or len(rows)
    if len(rows) % size:
        raise SystemExit(f"--micro-batch {size} does not divide the {len(rows)} rows")
    if args.defaults:
        args.dtype = "autocast"
    # A labels column is used as it is; masks would be dropped together with skip_prepare_dataset.
    data = Dataset.from_list([{"input_ids": row["ids"], "labels": common.labels_of(row)} for row in rows])
    marks = []

    class Stopwatch(TrainerCallback):
        def on_train_begin(self, *_, **__):
            marks.append(time.perf_counter())

        def on_step_end(self, *_, **__):
            marks.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        config = SFTConfig(
            output_dir=folder, use_cpu=True, seed=1, max_steps=args.warmup + args.steps,
            per_device_train_batch_size=size, gradient_accumulation_steps=len(rows) // size,
            learning_rate=args.lr, lr_scheduler_type="constant", adam_beta2=0.95, weight_decay=0.0,
            max_grad_norm=args.clip_norm, optim="adamw_torch_fused", max_length=None, shuffle_dataset=False,
            bf16=args.dtype == "autocast", activation_checkpointing=args.defaults,
            logging_steps=1, save_strategy="no", report_to="none", disable_tqdm=True)
        trainer = SFTTrainer(
            model=common.load_model(torch, args.model, args.dtype, train=True), args=config, train_dataset=data,
            processing_class=AutoTokenizer.from_pretrained(args.model), callbacks=[Stopwatch()],
            peft_config=common.lora_config(args.lora) if args.lora else None)
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    seconds = [after - before for before, after in zip(marks, marks[1:])][args.warmup:]
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    common.report("trl" + (" + peft" if args.lora else "") + (" (defaults)" if args.defaults else ""), args, seconds,
                  tokens=sum(len(row["ids"]) for row in rows), learned_tokens=common.learned_tokens(rows),
                  lora_rank=args.lora, micro_batch=size, losses=losses)


if __name__ == "__main__":
    main()
