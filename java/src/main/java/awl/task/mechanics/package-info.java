/// Bodies in motion: what moves by a rule, and what has to be simulated.
@NullMarked
package awl.task.mechanics;

import org.jspecify.annotations.NullMarked;
