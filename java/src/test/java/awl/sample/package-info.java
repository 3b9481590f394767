@NullMarked
package awl.sample;

import org.jspecify.annotations.NullMarked;
