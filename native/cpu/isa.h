// One source, several instruction sets.
//
// A kernel's .cpp is compiled once as the border (arguments, dispatch, threads) and once more for each instruction set,
// with AWL_ISA naming the namespace of its loops. The latter builds include no C++ library header: an inline function
// of one, compiled for AVX-512 and merged by the linker, would be called on machines without it.
#pragma once

#include <stdint.h>

#if defined(__x86_64__)
// Picks a function of the namespace in use: AWL_DISPATCH(rms_norm_rows)(arguments...)
#define AWL_DISPATCH(function)                                                \
    (awl::instruction_set() >= 2   ? awl::avx512::function                    \
     : awl::instruction_set() == 1 ? awl::avx2::function                      \
                                   : awl::plain::function)
#define AWL_DECLARE(signature)                    \
    namespace awl::plain { signature; }           \
    namespace awl::avx2 { signature; }            \
    namespace awl::avx512 { signature; }
// The same for the kernels that are compiled with AVX512-BF16's products as well.
#define AWL_HAS_BF16 (awl::instruction_set() >= 3)
#define AWL_DISPATCH_BF16(function) (AWL_HAS_BF16 ? awl::avx512bf16::function : AWL_DISPATCH(function))
#define AWL_DECLARE_BF16(signature) \
    AWL_DECLARE(signature)          \
    namespace awl::avx512bf16 { signature; }
#else
#define AWL_DISPATCH(function) (awl::plain::function)
#define AWL_DECLARE(signature) namespace awl::plain { signature; }
#define AWL_HAS_BF16 false
#define AWL_DISPATCH_BF16(function) AWL_DISPATCH(function)
#define AWL_DECLARE_BF16(signature) AWL_DECLARE(signature)
#endif

namespace awl {

// 0 plain, 1 avx2 (with fma), 2 avx512 (f, bw, vl, dq), 3 avx512bf16: the machine's, or less after awl_limit_instruction_set.
int instruction_set();

}  // namespace awl
