/// Tokens in, tokens out: how the next token is drawn ([Sampler]) and how many requests share one model
/// ([Generator]).
///
/// The package knows nothing of files or the command line. What it asks of a model is [SlotModel]; [DecoderSlots]
/// answers with a real one.
@NullMarked
package awl.sample;

import org.jspecify.annotations.NullMarked;
