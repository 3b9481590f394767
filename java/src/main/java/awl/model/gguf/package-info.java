/// GGUF files: llama.cpp's container of quantised weights, configuration and tokenizer in one.
/// Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.
@NullMarked
package awl.model.gguf;

import org.jspecify.annotations.NullMarked;
