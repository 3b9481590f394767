/// Everything that reads a stranger's file, on files that were made to break it: small ones kept as seeds here, and
/// those that `./mvnw -Pfuzz -pl java test` makes of them.
@NullMarked
package awl.fuzz;

import org.jspecify.annotations.NullMarked;
