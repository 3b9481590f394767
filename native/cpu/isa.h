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
#else
#define AWL_DISPATCH(function) (awl::plain::function)
#define AWL_DECLARE(signature) namespace awl::plain { signature; }
#endif

namespace awl {

// 0 plain, 1 avx2 (with fma), 2 avx512 (f, bw, vl, dq): the machine's, or less after awl_limit_instruction_set.
int instruction_set();

}  // namespace awl
