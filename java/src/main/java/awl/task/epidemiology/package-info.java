/// Epidemics of the SEIR model; gold answers by Runge-Kutta, checked by the final-size equation and
/// Dormand-Prince.
@NullMarked
package awl.task.epidemiology;

import org.jspecify.annotations.NullMarked;
