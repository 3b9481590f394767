/// Strings to token ids and back: tokenizer, the checkpoint's chat template, the renderer that says which
/// tokens are learned, and the call formats of the model families.
@NullMarked
package awl.token;

import org.jspecify.annotations.NullMarked;
