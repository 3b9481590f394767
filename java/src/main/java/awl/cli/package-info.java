/// The command line: one class a command, the only user of picocli.
@NullMarked
package awl.cli;

import org.jspecify.annotations.NullMarked;
