package awl.kernel;

import awl.kernel.ffm.NativeLibrary;
import awl.kernel.ffm.TensorView;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// [RowPasses] by the `softmax_xent_*` kernels of a library, for float32 logits in host memory; all others go
/// to the reference.
final class NativeRowPasses implements RowPasses {

    private final NativeLibrary library;
    private final MethodHandle rows;
    private final MethodHandle partial;
    private final MethodHandle gradient;
    private final RowPasses reference = new TorchRowPasses();

    private NativeRowPasses(NativeLibrary library, MethodHandle rows, MethodHandle partial, MethodHandle gradient) {
        this.library = library;
        this.rows = rows;
        this.partial = partial;
        this.gradient = gradient;
    }

    /// The library's passes, or the reference where it does not have them all.
    static RowPasses of(NativeLibrary library, KernelHandles handles) {
        MethodHandle rows = handles.softmaxRows();
        MethodHandle partial = handles.softmaxPartial();
        MethodHandle gradient = handles.softmaxGradient();
        return rows == null || partial == null || gradient == null
                ? new TorchRowPasses()
                : new NativeRowPasses(library, rows, partial, gradient);
    }

    private static boolean fits(Tensor logits) {
        return logits.is_cpu() && Arguments.dtype(logits) == ScalarType.Float;
    }

    private static double cap(@Nullable Double softCap) {
        return softCap == null ? 0 : softCap;
    }

    @Override
    public void softmax(
            Tensor logits_CV,
            Tensor target_C,
            @Nullable Tensor weights_C,
            @Nullable Double softCap,
            Tensor logProb_C,
            Tensor logSumExp_C) {
        if (!fits(logits_CV)) {
            reference.softmax(logits_CV, target_C, weights_C, softCap, logProb_C, logSumExp_C);
            return;
        }
        library.call("softmax_xent_rows", arena -> (int) rows.invokeExact(
                TensorView.of(logits_CV, arena),
                TensorView.of(target_C, arena),
                TensorView.of(weights_C, arena),
                TensorView.of(logProb_C, arena),
                TensorView.of(logSumExp_C, arena),
                cap(softCap),
                MemorySegment.NULL));
    }

    @Override
    public void accumulate(
            Tensor logits_CK,
            long firstClass,
            Tensor target_C,
            @Nullable Double softCap,
            Tensor maximum_C,
            Tensor sum_C,
            Tensor targetLogit_C) {
        if (!fits(logits_CK)) {
            reference.accumulate(logits_CK, firstClass, target_C, softCap, maximum_C, sum_C, targetLogit_C);
            return;
        }
        library.call("softmax_xent_partial", arena -> (int) partial.invokeExact(
                TensorView.of(logits_CK, arena),
                TensorView.of(target_C, arena),
                TensorView.of(maximum_C, arena),
                TensorView.of(sum_C, arena),
                TensorView.of(targetLogit_C, arena),
                firstClass,
                cap(softCap),
                MemorySegment.NULL));
    }

    @Override
    public void gradient(
            Tensor logits_CK,
            long firstClass,
            Tensor target_C,
            Tensor weights_C,
            @Nullable Double softCap,
            Tensor logProb_C,
            Tensor logSumExp_C) {
        if (!fits(logits_CK)) {
            reference.gradient(logits_CK, firstClass, target_C, weights_C, softCap, logProb_C, logSumExp_C);
            return;
        }
        library.call("softmax_xent_gradient", arena -> (int) gradient.invokeExact(
                TensorView.of(logits_CK, arena),
                TensorView.of(target_C, arena),
                TensorView.of(weights_C, arena),
                TensorView.of(logProb_C, arena),
                TensorView.of(logSumExp_C, arena),
                firstClass,
                cap(softCap),
                MemorySegment.NULL));
    }
}
