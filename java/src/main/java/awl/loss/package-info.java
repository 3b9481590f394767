/// What training minimises, from hidden states to gradients.
@NullMarked
package awl.loss;

import org.jspecify.annotations.NullMarked;
