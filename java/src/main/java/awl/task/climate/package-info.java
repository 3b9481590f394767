/// Emission pathways and what they lead to; gold answers by Runge-Kutta, checked by exact pools and
/// Dormand-Prince.
@NullMarked
package awl.task.climate;

import org.jspecify.annotations.NullMarked;
