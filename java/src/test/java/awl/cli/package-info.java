@NullMarked
package awl.cli;

import org.jspecify.annotations.NullMarked;
