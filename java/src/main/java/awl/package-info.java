/// The engine's root: what every package may know, and that is only how errors are named.
@NullMarked
package awl;

import org.jspecify.annotations.NullMarked;
