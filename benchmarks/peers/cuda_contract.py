"""Every kernel a library exports, against torch in float64 and against plain torch in the kernel's own dtype.

    python cuda_contract.py                                  # on a CUDA device, native/build/cuda/libawl_cuda.so
    python cuda_contract.py --device cpu [--library PATH]    # libawl_cpu, anywhere

The rule: error(ours) <= 2 * error(torch, same dtype) + 1e-4 for gradients and intermediate values, <= 3 * + 1e-5 for
log-probabilities and losses; error = |got - truth| / |truth| over a whole tensor. Each case also: the same bits twice;
the same bits on a side stream while the default stream is busy (CUDA); nothing written beside an output (margins).
A kernel that is exported and not checked here is a failure. Prints a Markdown table; exit code 1 if anything failed.
"""
import argparse
import json
import sys

from awl_library import Library, default_path

# Their inputs are blocks of a GGUF file, which torch does not know: native/tests and the reference hashes check them.
ELSEWHERE = {"linear_blocks", "dequantize"}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    options.add_argument("--library", help="default: what cmake/build-native.sh built for the device")
    options.add_argument("--only", default="", help="kernels whose name contains this")
    options.add_argument("--json", help="writes all lines here")
    args = options.parse_args()
    import torch
    from contract import CHECKS, harness

    harness.DEVICE = args.device
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
            for line in harness.run(case, args.device):
                lines.append(line)
                print(f"| {line['case']} | {line['dtype']} | {line['quantity']} | {line['error']:.2e} |"
                      f" {line['torch_error']:.2e} | {line['bound']:.2e} | {'**' + ', '.join(line['wrong']) + '**' if line['wrong'] else 'ok'} |")
    if args.device == "cuda" and not harness.stays_on_its_stream(library):
        lines.append({"case": "streams", "wrong": ["waited for another stream"]})
    failed = [line for line in lines if line["wrong"]]
    print(f"\n{len(lines)} quantities, {len(failed)} failed")
    if args.json:
        with open(args.json, "w") as out:
            json.dump({"library": library.path.name, "torch": torch.__version__, "lines": lines}, out, indent=1)
    sys.exit(1 if failed or not lines else 0)


if __name__ == "__main__":
    main()
