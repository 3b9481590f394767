/// Many processes as one run: who is who ([awl.parallel.Launch]), what they say to each other
/// ([awl.parallel.World], over c10d), gradients summed in buckets, optimiser state in shares. Knows tensors and
/// parameters, neither data nor the training loop.
@NullMarked
package awl.parallel;

import org.jspecify.annotations.NullMarked;
