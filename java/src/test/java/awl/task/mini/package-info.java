@NullMarked
package awl.task.mini;

import org.jspecify.annotations.NullMarked;
