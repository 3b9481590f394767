/// Questions with answers: the problem sets, their files, and the checks that keep them honest.
@NullMarked
package awl.task;

import org.jspecify.annotations.NullMarked;
