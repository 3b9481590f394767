/// The training run: its configuration, one optimiser step, the loop, the run folder and its checkpoints.
@NullMarked
package awl.train;

import org.jspecify.annotations.NullMarked;
