package awl.kernel;

import awl.kernel.ffm.NativeSignature;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The kernels of kernels.h as method handles; null where a library does not have one. Every function returns a
/// status; the last argument is the stream.
record KernelHandles(
        @NativeSignature(
                name = "awl_rms_norm",
                returns = int.class,
                arguments = {
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    double.class,
                    double.class,
                    MemorySegment.class
                })
        @Nullable
        MethodHandle rmsNorm,

        @NativeSignature(
                name = "awl_rms_norm_backward",
                returns = int.class,
                arguments = {
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    double.class,
                    MemorySegment.class
                })
        @Nullable
        MethodHandle rmsNormBackward,

        @NativeSignature(
                name = "awl_add_rms_norm",
                returns = int.class,
                arguments = {
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    double.class,
                    double.class,
                    MemorySegment.class
                })
        @Nullable
        MethodHandle addRmsNorm,

        @NativeSignature(
                name = "awl_add_rms_norm_backward",
                returns = int.class,
                arguments = {
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    double.class,
                    MemorySegment.class
                })
        @Nullable
        MethodHandle addRmsNormBackward,

        @NativeSignature(
                name = "awl_rope",
                returns = int.class,
                arguments = {
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    double.class,
                    MemorySegment.class
                })
        @Nullable
        MethodHandle rope,

        @NativeSignature(
                name = "awl_softmax_xent_rows",
                returns = int.class,
                arguments = {
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    double.class,
                    MemorySegment.class
                })
        @Nullable
        MethodHandle softmaxRows,

        @NativeSignature(
                name = "awl_softmax_xent_partial",
                returns = int.class,
                arguments = {
                    MemorySegment.class, MemorySegment.class, MemorySegment.class, MemorySegment.class,
                    MemorySegment.class, long.class, double.class, MemorySegment.class
                })
        @Nullable
        MethodHandle softmaxPartial,

        @NativeSignature(
                name = "awl_softmax_xent_gradient",
                returns = int.class,
                arguments = {
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    long.class,
                    double.class,
                    MemorySegment.class
                })
        @Nullable
        MethodHandle softmaxGradient,

        @NativeSignature(
                name = "awl_linear_rows",
                returns = int.class,
                arguments = {
                    MemorySegment.class,
                    MemorySegment.class,
                    int.class,
                    MemorySegment.class,
                    MemorySegment.class
                })
        @Nullable
        MethodHandle linearRows,

        @NativeSignature(
                name = "awl_linear_blocks",
                returns = int.class,
                arguments = {
                    MemorySegment.class,
                    MemorySegment.class,
                    int.class,
                    MemorySegment.class,
                    MemorySegment.class
                })
        @Nullable
        MethodHandle linearBlocks,

        @NativeSignature(
                name = "awl_dequantize",
                returns = int.class,
                arguments = {MemorySegment.class, MemorySegment.class, MemorySegment.class})
        @Nullable
        MethodHandle dequantize,

        @NativeSignature(
                name = "awl_matrix_product",
                returns = int.class,
                arguments = {
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    double.class,
                    int.class,
                    MemorySegment.class
                })
        @Nullable
        MethodHandle matrixProduct,

        @NativeSignature(
                name = "awl_low_rank_product",
                returns = int.class,
                arguments = {
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    int.class,
                    MemorySegment.class
                })
        @Nullable
        MethodHandle lowRankProduct,

        @NativeSignature(
                name = "awl_gated",
                returns = int.class,
                arguments = {MemorySegment.class, MemorySegment.class, int.class, MemorySegment.class})
        @Nullable
        MethodHandle gated,

        @NativeSignature(
                name = "awl_gated_backward",
                returns = int.class,
                arguments = {
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    int.class,
                    MemorySegment.class
                })
        @Nullable
        MethodHandle gatedBackward,

        @NativeSignature(
                name = "awl_cache_attention",
                returns = int.class,
                arguments = {
                    MemorySegment.class, MemorySegment.class, MemorySegment.class, MemorySegment.class,
                    MemorySegment.class, MemorySegment.class, MemorySegment.class, MemorySegment.class,
                    double.class, double.class, long.class, MemorySegment.class
                })
        @Nullable
        MethodHandle cacheAttention,

        @NativeSignature(
                name = "awl_sample",
                returns = int.class,
                arguments = {
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class
                })
        @Nullable
        MethodHandle sample,

        @NativeSignature(
                name = "awl_document_attention",
                returns = int.class,
                arguments = {
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    double.class,
                    double.class,
                    long.class,
                    MemorySegment.class
                })
        @Nullable
        MethodHandle documentAttention,

        @NativeSignature(
                name = "awl_document_attention_backward",
                returns = int.class,
                arguments = {
                    MemorySegment.class, MemorySegment.class, MemorySegment.class, MemorySegment.class,
                    MemorySegment.class, MemorySegment.class, MemorySegment.class, double.class,
                    double.class, long.class, MemorySegment.class
                })
        @Nullable
        MethodHandle documentAttentionBackward,

        @NativeSignature(
                name = "awl_adamw",
                returns = int.class,
                arguments = {
                    MemorySegment.class,
                    MemorySegment.class,
                    long.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    double.class,
                    double.class,
                    double.class,
                    double.class,
                    double.class,
                    double.class,
                    long.class,
                    MemorySegment.class
                })
        @Nullable
        MethodHandle adamW,

        @NativeSignature(
                name = "awl_squared_norm",
                returns = int.class,
                arguments = {
                    MemorySegment.class,
                    long.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class
                })
        @Nullable
        MethodHandle squaredNorm,

        @NativeSignature(
                name = "awl_embedding_backward",
                returns = int.class,
                arguments = {
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    double.class,
                    MemorySegment.class
                })
        @Nullable
        MethodHandle embeddingBackward,

        @NativeSignature(
                name = "awl_dropout",
                returns = int.class,
                arguments = {
                    MemorySegment.class,
                    MemorySegment.class,
                    MemorySegment.class,
                    double.class,
                    long.class,
                    MemorySegment.class
                })
        @Nullable
        MethodHandle dropout) {

    /// Names as in kernel_list.h.
    static List<String> names() {
        return Arrays.stream(KernelHandles.class.getRecordComponents())
                .map((RecordComponent c) ->
                        c.getAnnotation(NativeSignature.class).name().substring("awl_".length()))
                .toList();
    }
}
