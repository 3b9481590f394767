/// `awl bench`: our kernels beside plain libtorch on the user's own machine.
///
/// [awl.bench.KernelCases] lists what is measured, one file a kernel; [awl.bench.Measurement] measures it;
/// [awl.bench.BenchReport] is what came of it, and [awl.bench.BenchFolder] writes that down. A kernel is added by one
/// class that implements [awl.bench.KernelBench] and a line in the list.
@NullMarked
package awl.bench;

import org.jspecify.annotations.NullMarked;
