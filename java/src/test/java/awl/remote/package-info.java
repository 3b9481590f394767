@NullMarked
package awl.remote;

import org.jspecify.annotations.NullMarked;
