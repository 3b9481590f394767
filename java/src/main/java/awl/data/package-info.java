/// From conversations to arrays ready for the device: examples, weights, packing, batches. [Batch] is the door
/// to the tensor half; nothing here knows libtorch.
@NullMarked
package awl.data;

import org.jspecify.annotations.NullMarked;
