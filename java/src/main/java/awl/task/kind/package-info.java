/// How kinds of questions are written down: parameters that are drawn, wordings, a gold answer and a second
/// method, the calls and the derivation that lead to it. [awl.task.kind.GeneratedSet] makes problems of
/// them and checks them.
@NullMarked
package awl.task.kind;

import org.jspecify.annotations.NullMarked;
