/// Tools a model may call: simulators, the calculator, the Python interpreter; how a call is checked, run, limited and
/// cached. A model's mistake is a [ToolResult.Failed] that it can read, never an exception.
@NullMarked
package awl.tool;

import org.jspecify.annotations.NullMarked;
