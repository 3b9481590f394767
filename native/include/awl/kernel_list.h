// Every kernel, one line each: name, is it in libawl_cpu, is it in libawl_cuda.
// The single source of truth: awl_kernel_name() is made from it, and Java compares it with its own record at load.
#ifndef AWL_KERNEL_LIST_H
#define AWL_KERNEL_LIST_H

#define AWL_KERNELS(X)               \
    X(rms_norm, 1, 1)                \
    X(rms_norm_backward, 1, 1)       \
    X(add_rms_norm, 1, 1)            \
    X(add_rms_norm_backward, 1, 1)   \
    X(rope, 1, 1)                    \
    X(softmax_xent_rows, 1, 1)       \
    X(softmax_xent_partial, 1, 1)    \
    X(softmax_xent_gradient, 1, 1)   \
    X(linear_rows, 1, 0)             \
    X(linear_blocks, 1, 0)           \
    X(dequantize, 1, 0)              \
    X(matrix_product, 1, 1)          \
    X(low_rank_product, 1, 0)        \
    X(gated, 1, 1)                   \
    X(gated_backward, 1, 1)          \
    X(cache_attention, 1, 1)         \
    X(sample, 1, 1)                  \
    X(document_attention, 1, 0)      \
    X(document_attention_backward, 1, 0) \
    X(adamw, 1, 1)                   \
    X(squared_norm, 1, 1)            \
    X(embedding_backward, 1, 1)      \
    X(dropout, 1, 1)

#endif
