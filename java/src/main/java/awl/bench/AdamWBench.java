package awl.bench;

import awl.bench.Contender.Role;
import awl.kernel.AdamWStep;
import awl.kernel.AdamWTensors;
import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.tensor.Precision;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// One AdamW update of a float32 tensor as large as the head, with a bfloat16 copy where that is the dtype.
final class AdamWBench implements KernelBench {

    private static final AdamWStep STEP = new AdamWStep(10, 1e-3, 0.9, 0.95, 1e-8);
    private static final double DECAY = 0.1;

    @Override
    public String name() {
        return "adamw";
    }

    @Override
    public String question() {
        return "One AdamW update of a tensor as large as the head (float32 master and moments), beside libtorch's.";
    }

    @Override
    public List<KernelCase> cases(BenchPlan plan) {
        long rows = plan.shape().vocabulary();
        long width = plan.shape().hidden();
        List<KernelCase> cases = new ArrayList<>();
        for (Precision dtype : plan.dtypes()) {
            // Value, gradient and two moments are read, all but the gradient written, and the rounded copy.
            int moved = 7 * Float.BYTES + (dtype == Precision.BF16 ? 2 : 0);
            cases.add(new LayerCase(
                    name(),
                    "a step",
                    dtype,
                    Map.of("parameters", rows * width),
                    Work.bytes((double) moved * rows * width),
                    new Footprint()
                            .add("values, gradients and moments", 9, rows, width, Float.BYTES)
                            .add("the same in float64", 6, rows, width, 8),
                    ours -> ready(plan.inputs(), rows, width, dtype, ours)));
        }
        return cases;
    }

    private static LayerCase.Ready ready(BenchInputs inputs, long rows, long width, Precision dtype, Kernels ours) {
        Tensor value = inputs.normal(Precision.FP32, rows, width);
        Tensor gradient = inputs.normal(Precision.FP32, rows, width);
        Tensor first = inputs.normal(Precision.FP32, rows, width);
        Tensor second = inputs.uniform(rows, width);
        boolean rounds = dtype == Precision.BF16;
        Supplier<Map<String, Tensor>> awl = step(
                ours,
                new AdamWTensors(value.clone(), gradient, first.clone(), second.clone(), copy(value, rounds), DECAY));
        Supplier<Map<String, Tensor>> plain = step(
                new TorchKernels(),
                new AdamWTensors(value.clone(), gradient, first.clone(), second.clone(), copy(value, rounds), DECAY));
        return new LayerCase.Ready(
                List.of(Contender.ours(ours, awl, 0), Contender.libtorch("libtorch's AdamW", Role.PLAIN, plain, 0)),
                () -> Map.of("value", exact(value, gradient, first, second)));
    }

    private static @Nullable Tensor copy(Tensor value, boolean wanted) {
        return wanted ? value.to(ScalarType.BFloat16) : null;
    }

    private static Supplier<Map<String, Tensor>> step(Kernels kernels, AdamWTensors tensors) {
        Tensor divisor = Tensors.zerosBeside(tensors.value(), ScalarType.Float).fill_(new Scalar(1.0));
        Tensor skip = Tensors.zerosBeside(tensors.value(), ScalarType.Float);
        return () -> {
            kernels.adamW(List.of(tensors), STEP, divisor, skip);
            return Map.of("value", tensors.value());
        };
    }

    private static Tensor exact(Tensor value, Tensor gradient, Tensor first, Tensor second) {
        Tensor g = gradient.to(ScalarType.Double);
        Tensor m = first.to(ScalarType.Double)
                .mul_(new Scalar(STEP.beta1()))
                .add_(g.mul(new Scalar(1 - STEP.beta1())))
                .div_(new Scalar(STEP.correction1()));
        Tensor v = second.to(ScalarType.Double)
                .mul_(new Scalar(STEP.beta2()))
                .add_(g.square_().mul_(new Scalar(1 - STEP.beta2())))
                .div_(new Scalar(STEP.correction2()))
                .sqrt_()
                .add_(new Scalar(STEP.epsilon()));
        return value.to(ScalarType.Double)
                .mul_(new Scalar(1 - STEP.rate() * DECAY))
                .sub_(m.div_(v).mul_(new Scalar(STEP.rate())));
    }
}
