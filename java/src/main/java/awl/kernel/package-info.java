/// The hot operations behind one interface: a complete reference in libtorch operations and native libraries
/// that replace parts of it.
///
/// Read [awl.kernel.Kernels] first. Kernels never own tensors of the model, never record for autograd, and are
/// exact by contract: no worse than plain libtorch at the same dtype by more than a stated factor,
/// bit-repeatable, no atomics.
@NullMarked
package awl.kernel;

import org.jspecify.annotations.NullMarked;
