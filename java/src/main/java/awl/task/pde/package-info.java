/// Heat diffusion in rods, rings and plates; gold answers are series of modes, checked by finite volumes.
@NullMarked
package awl.task.pde;

import org.jspecify.annotations.NullMarked;
