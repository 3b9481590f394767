package awl.serve;

import awl.model.Decoder;
import awl.sample.SlotModel;
import awl.token.CallFormat;
import awl.token.CheckpointText;
import awl.token.Renderer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The model a server is about.
///
/// @param name under which clients ask for it
/// @param text its tokenizer and template
/// @param callFormat how calls are written where the template has no place for tools; null for plain
/// @param slots makes room for sequences; whoever asks closes it
/// @param stops tokens that end an answer
/// @param vocabulary number of tokens
/// @param context tokens of prompt and answer together
/// @param stepTokens prompt tokens read in one step
/// @param adapters loads adapters over it
public record ServedModel(
        String name,
        CheckpointText text,
        @Nullable CallFormat callFormat,
        Supplier<? extends SlotModel> slots,
        List<Integer> stops,
        int vocabulary,
        int context,
        int stepTokens,
        AdapterLoader adapters) {

    /// The model with an adapter.
    ///
    /// @param decoder closed when the adapter is unloaded; null where `slots` need none
    public record Adapted(@Nullable Decoder decoder, Supplier<? extends SlotModel> slots) {}

    /// Reads adapters.
    public interface AdapterLoader {
        /// @param folder in PEFT's layout
        /// @throws awl.AwlException where it is none, or not for this model
        Adapted load(Path folder);
    }

    Renderer renderer(boolean tools) {
        Renderer own = text.renderer(tools);
        return callFormat == null ? own : own.withCallFormat(callFormat);
    }
}
