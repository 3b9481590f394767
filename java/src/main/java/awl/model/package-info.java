/// The models: configuration, checkpoints, decoder blocks with explicit backward functions, low-rank adapters, the
/// key/value cache.
@NullMarked
package awl.model;

import org.jspecify.annotations.NullMarked;
