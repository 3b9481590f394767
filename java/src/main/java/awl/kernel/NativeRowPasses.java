package awl.kernel;

import awl.kernel.ffm.NativeLibrary;
import java.lang.invoke.MethodHandle;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// [RowPasses] by the `softmax_xent_*` kernels of a library, for float32 logits in the library's memory, on CUDA also
/// bfloat16 ones; all others go to the reference.
final class NativeRowPasses implements RowPasses {

    private final NativeLibrary library;
    private final MethodHandle rows;
    private final MethodHandle partial;
    private final MethodHandle gradient;
    /// Whether the kernels take bfloat16 logits; those for the CPU do not.
    private final boolean narrow;
    private final RowPasses reference = new TorchRowPasses();

    private NativeRowPasses(NativeLibrary library, MethodHandle rows, MethodHandle partial, MethodHandle gradient) {
        this.library = library;
        this.narrow = library.backend().equals("cuda");
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

    private boolean fits(Tensor logits) {
        ScalarType dtype = Arguments.dtype(logits);
        return library.takes(logits) && (dtype == ScalarType.Float || (narrow && dtype == ScalarType.BFloat16));
    }

    private static double cap(@Nullable Double softCap) {
        return softCap == null ? 0 : softCap;
    }

    @Override
    public void softmax(
            Tensor logits_CV,
            Tensor target_C,
            @Nullable Tensor weights_C,
            @Nullable Tensor narrow_CV,
            @Nullable Double softCap,
            Tensor logProb_C,
            Tensor logSumExp_C) {
        if (!fits(logits_CV)) {
            reference.softmax(logits_CV, target_C, weights_C, narrow_CV, softCap, logProb_C, logSumExp_C);
            return;
        }
        library.call("softmax_xent_rows", arena -> (int) rows.invokeExact(
                library.view(logits_CV, arena),
                library.view(target_C, arena),
                library.view(weights_C, arena),
                library.view(narrow_CV, arena),
                library.view(logProb_C, arena),
                library.view(logSumExp_C, arena),
                cap(softCap),
                library.stream()));
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
                library.view(logits_CK, arena),
                library.view(target_C, arena),
                library.view(maximum_C, arena),
                library.view(sum_C, arena),
                library.view(targetLogit_C, arena),
                firstClass,
                cap(softCap),
                library.stream()));
    }

    @Override
    public void gradient(
            Tensor logits_CK,
            long firstClass,
            Tensor target_C,
            Tensor weights_C,
            @Nullable Tensor narrow_CK,
            @Nullable Double softCap,
            Tensor logProb_C,
            Tensor logSumExp_C) {
        if (!fits(logits_CK)) {
            reference.gradient(logits_CK, firstClass, target_C, weights_C, narrow_CK, softCap, logProb_C, logSumExp_C);
            return;
        }
        library.call("softmax_xent_gradient", arena -> (int) gradient.invokeExact(
                library.view(logits_CK, arena),
                library.view(target_C, arena),
                library.view(weights_C, arena),
                library.view(narrow_CK, arena),
                library.view(logProb_C, arena),
                library.view(logSumExp_C, arena),
                firstClass,
                cap(softCap),
                library.stream()));
    }
}
