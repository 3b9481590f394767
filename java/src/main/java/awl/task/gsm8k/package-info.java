/// GSM8K (Cobbe et al., arXiv:2110.14168) as conversations with a calculator.
@NullMarked
package awl.task.gsm8k;

import org.jspecify.annotations.NullMarked;
