@NullMarked
package awl.bench;

import org.jspecify.annotations.NullMarked;
