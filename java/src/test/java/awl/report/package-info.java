@NullMarked
package awl.report;

import org.jspecify.annotations.NullMarked;
