/// From gradients to new parameters: learning-rate schedules, the global norm, AdamW. Works on tensors alone
/// and knows neither model nor data.
@NullMarked
package awl.optim;

import org.jspecify.annotations.NullMarked;
