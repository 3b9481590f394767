/// Fuzz tests of everything that reads a stranger's file: `./mvnw -Pfuzz -pl java test`.
@NullMarked
package awl.fuzz;

import org.jspecify.annotations.NullMarked;
