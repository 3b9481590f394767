/// The physics behind the simulator tools: ordinary differential equations by Hipparchus' Dormand-Prince
/// 8(5,3) with events, or by Runge-Kutta 4 with a fixed step where there are no events; diffusion on finite
/// volumes. Nothing here knows models or calls. Inputs that no run can be made of are a
/// [awl.DataException].
@NullMarked
package awl.tool.sim;

import org.jspecify.annotations.NullMarked;
