@NullMarked
package awl.pipeline;

import org.jspecify.annotations.NullMarked;
