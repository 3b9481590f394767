@NullMarked
package awl.serve;

import org.jspecify.annotations.NullMarked;
