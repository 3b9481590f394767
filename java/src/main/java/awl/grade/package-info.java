/// Final answers: found in what a model wrote, and compared with the gold answer (letters, numbers with units,
/// expressions, texts).
@NullMarked
package awl.grade;

import org.jspecify.annotations.NullMarked;
