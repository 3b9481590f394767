/// MuJoCo through the Foreign Function & Memory API, where libmujoco is installed.
@NullMarked
package awl.tool.mujoco;

import org.jspecify.annotations.NullMarked;
