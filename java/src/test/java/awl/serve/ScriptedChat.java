package awl.serve;

import awl.pipeline.TinyChat;
import awl.sample.Logits;
import awl.sample.ScriptedModel;
import awl.sample.SlotModel;
import awl.token.CheckpointText;
import awl.token.Renderer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/// A model that says what a script says, behind a real tokenizer and template.
public final class ScriptedChat implements AutoCloseable {

    /// Name it is served under.
    public static final String NAME = "scripted";

    /// Ends a turn.
    public static final String END = "<|im_end|>";

    static final int VOCABULARY = 2064;
    static final int CONTEXT = 900;

    private static final int IM_START = 2001;
    private static final int IM_END = 2002;

    private final CheckpointText text;
    private final Renderer renderer;

    /// @param folder where the tokenizer is written
    public ScriptedChat(Path folder) throws IOException {
        text = CheckpointText.folder(TinyChat.write(folder));
        renderer = text.renderer(true);
    }

    /// Its text half.
    public Renderer renderer() {
        return renderer;
    }

    /// @param script from everything before the turn to the turn; without [#END] it never ends
    public SlotModel model(int slots, UnaryOperator<String> script) {
        int header = renderer.tokenizer().encode("assistant\n", false).length;
        return new ScriptedModel(VOCABULARY, slots, CONTEXT, held -> {
            int turn = held.lastIndexOf(IM_START);
            int said = held.size() - turn - 1 - header;
            if (turn < 0 || said < 0) {
                return -1;
            }
            int[] before = held.subList(0, turn).stream().mapToInt(each -> each).toArray();
            int[] next = renderer.tokenizer()
                    .encode(script.apply(renderer.tokenizer().decode(before, false)), false);
            return next[said % next.length];
        });
    }

    /// Random but repeatable logits.
    static SlotModel noise(int slots) {
        return new ScriptedModel(VOCABULARY, slots, CONTEXT);
    }

    /// The model to serve.
    public ServedModel served(Supplier<SlotModel> slots) {
        return new ServedModel(NAME, text, null, slots, List.of(IM_END), VOCABULARY, CONTEXT, 512, folder -> {
            throw new awl.CheckpointException(folder + ": this model takes no adapters");
        });
    }

    @Override
    public void close() {
        text.close();
    }

    /// A model that makes a step only when it is let.
    static final class Gated implements SlotModel {
        final Semaphore steps = new Semaphore(0);
        volatile int widest;
        private final SlotModel inner;

        Gated(SlotModel inner) {
            this.inner = inner;
        }

        @Override
        public int vocabularySize() {
            return inner.vocabularySize();
        }

        @Override
        public int slots() {
            return inner.slots();
        }

        @Override
        public int capacity() {
            return inner.capacity();
        }

        @Override
        public int length(int slot) {
            return inner.length(slot);
        }

        @Override
        public void truncate(int slot, int length) {
            inner.truncate(slot, length);
        }

        @Override
        public void copyPrefix(int from, int to, int length) {
            inner.copyPrefix(from, to, length);
        }

        @Override
        public Logits append(List<Piece> pieces) {
            steps.acquireUninterruptibly();
            widest = Math.max(widest, pieces.size());
            return inner.append(pieces);
        }

        @Override
        public void close() {
            inner.close();
        }
    }
}
