// The threads of the CPU kernels: a caller cuts its work into parts, and it and the crew take them until none is left.
//
// Nobody waits for a thread that does not come: where its core is wanted by others, the caller does its parts as well.
// OpenMP's regions end only when every thread has been there, which on a busy machine is a time slice for each of the
// hundreds of regions of a decoding step.
#pragma once

#include <stdint.h>

namespace awl {

// Threads that a kernel may use, the caller's included.
int threads();

// Calls part(context, i) for every i in [0, parts), each once, on whichever thread takes it; returns when all are done. A
// call from within a part, or beside another caller's, runs on the calling thread alone.
void run_parts(int32_t parts, void (*part)(const void *context, int32_t i), const void *context);

}  // namespace awl
