/// The border to native kernels: opening a library, its functions' signatures, tensors as C structs.
///
/// `native/include/awl/kernels.h` is the other side. With the file-backed tensors this is the only user of
/// `java.lang.foreign`.
@NullMarked
package awl.kernel.ffm;

import org.jspecify.annotations.NullMarked;
