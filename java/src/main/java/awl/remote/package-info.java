/// Models that others serve: a client of OpenAI-compatible endpoints (vLLM, SGLang, llama.cpp's server, `awl serve`)
/// that loses nothing when they fail. It knows messages and token ids, and nothing of tensors or stages.
@NullMarked
package awl.remote;

import org.jspecify.annotations.NullMarked;
