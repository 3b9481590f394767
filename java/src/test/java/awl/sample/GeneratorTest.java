package awl.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.ShapeException;
import awl.token.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

final class GeneratorTest {

    private static final int V = 50;

    /// Requests of many lengths, some with common beginnings, greedy and drawn.
    private static List<Request> requests(int count) {
        Random random = new Random(3);
        int[] common = random.ints(40, 0, V).toArray();
        List<Request> requests = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            int shared = n % 3 == 0 ? 0 : 10 + random.nextInt(30);
            int own = 1 + random.nextInt(25);
            int[] prompt = Arrays.copyOf(common, shared + own);
            for (int t = shared; t < prompt.length; t++) {
                prompt[t] = random.nextInt(V);
            }
            Sampling sampling = n % 2 == 0 ? Sampling.GREEDY : new Sampling(1, 20, 0.9, 0, 1.1, 5);
            requests.add(new Request(n, prompt, sampling, 1 + random.nextInt(30), List.of(7), List.of()));
        }
        return requests;
    }

    private static List<List<Integer>> ids(List<Completion> answers) {
        return answers.stream()
                .map(a -> Arrays.stream(a.ids()).boxed().toList())
                .toList();
    }

    @Test
    void answersDoNotDependOnTheBatch() {
        List<Request> requests = requests(25);
        List<List<Integer>> alone = new ArrayList<>();
        for (Request request : requests) {
            try (Generator generator = new Generator(new ScriptedModel(V, 1, 200), null, 1000)) {
                Completion answer = generator.complete(List.of(request)).getFirst();
                assertThat(answer.ids().length).isBetween(1, request.maxNewTokens());
                boolean stopped = answer.ids()[answer.ids().length - 1] == 7;
                assertThat(answer.finish()).isEqualTo(stopped ? FinishReason.STOP : FinishReason.LENGTH);
                assertThat(answer.logProbs()).hasSize(answer.ids().length);
                assertThat(answer.text()).isNull();
                alone.addAll(ids(List.of(answer)));
            }
        }
        for (int slots : new int[] {1, 2, 5, 25, 40}) {
            for (int stepTokens : new int[] {1, 7, 64, 10_000}) {
                try (Generator generator = new Generator(new ScriptedModel(V, slots, 200), null, stepTokens)) {
                    assertThat(ids(generator.complete(requests))).isEqualTo(alone);
                }
            }
        }
    }

    @Test
    void aListenerIsToldOfEveryTokenAndOfTheMostProbableOnes() {
        List<Integer> ids = new ArrayList<>();
        List<Double> logProbs = new ArrayList<>();
        TokenListener listener = new TokenListener() {
            @Override
            public int alternatives() {
                return 5;
            }

            @Override
            public void token(int id, double logProb, List<Alternative> alternatives) {
                ids.add(id);
                logProbs.add(logProb);
                assertThat(alternatives).hasSize(5);
                assertThat(alternatives.getFirst()).isEqualTo(new Alternative(id, logProb)); // greedily, it is the best
                assertThat(alternatives)
                        .isSortedAccordingTo((one, two) -> Double.compare(two.logProb(), one.logProb()));
            }
        };
        try (Generator generator = new Generator(new ScriptedModel(V, 1, 100), null, 100)) {
            var answer = generator.submit(Request.of(new int[] {1, 2}, Sampling.GREEDY, 9, List.of()), listener);
            while (generator.step()) {
                // to the end
            }
            assertThat(ids)
                    .hasSize(9)
                    .isEqualTo(Arrays.stream(answer.join().ids()).boxed().toList());
            assertThat(logProbs)
                    .isEqualTo(Arrays.stream(answer.join().logProbs()).boxed().toList());
        }
    }

    @Test
    void waitingRequestsEnterWhenOthersLeave() {
        ScriptedModel model = new ScriptedModel(V, 2, 100);
        List<Request> requests = new ArrayList<>();
        for (int n : new int[] {2, 9, 3, 4}) {
            requests.add(Request.of(new int[] {n, n, n}, Sampling.GREEDY, n, List.of()));
        }
        try (Generator generator = new Generator(model, null, 100)) {
            List<Completion> answers = generator.complete(requests);
            assertThat(answers).extracting(a -> a.ids().length).containsExactly(2, 9, 3, 4);
            assertThat(answers).extracting(Completion::finish).containsOnly(FinishReason.LENGTH);
        }
        // 2 + 3 + 4 tokens one after the other beside 9: nine steps, both slots always busy.
        assertThat(model.calls).hasSize(9);
        assertThat(model.calls).allSatisfy(pieces -> assertThat(pieces).hasSize(2));
    }

    @Test
    void promptsAreReadInPiecesWhileOthersAnswer() {
        ScriptedModel model = new ScriptedModel(V, 2, 200);
        try (Generator generator = new Generator(model, null, 20)) {
            generator.submit(Request.of(new int[] {1}, Sampling.GREEDY, 50, List.of()));
            generator.step();
            generator.submit(Request.of(new int[100], Sampling.GREEDY, 1, List.of()));
            while (generator.step()) {
                // to the end
            }
        }
        List<Integer> sizes = new ArrayList<>();
        for (List<SlotModel.Piece> pieces : model.calls) {
            int total = pieces.stream().mapToInt(p -> p.tokens().length).sum();
            assertThat(total).isLessThanOrEqualTo(20);
            pieces.stream().filter(p -> p.tokens()[0] == 0 && p.slot() == 1).forEach(p -> sizes.add(p.tokens().length));
        }
        assertThat(sizes).containsExactly(19, 19, 19, 19, 19, 5);
    }

    @Test
    void commonBeginningsAreReadOnce() {
        int[] instructions = new Random(1).ints(60, 0, V).toArray();
        List<Request> requests = new ArrayList<>();
        for (int n = 0; n < 8; n++) {
            int[] prompt = Arrays.copyOf(instructions, 64);
            Arrays.fill(prompt, 60, 64, n);
            requests.add(Request.of(prompt, Sampling.GREEDY, 5, List.of()));
        }
        ScriptedModel model = new ScriptedModel(V, 8, 100);
        try (Generator generator = new Generator(model, null, 1000)) {
            List<Completion> answers = generator.complete(requests);
            assertThat(answers).extracting(Completion::reusedTokens).containsExactly(0, 60, 60, 60, 60, 60, 60, 60);
        }
        assertThat(model.copied).isEqualTo(7 * 60);
        assertThat(model.tokensComputed()).isEqualTo(64 + 7 * 4 + 8 * 4); // the last token chosen is never read
    }

    @Test
    void theNextTurnContinuesInItsOldSlot() {
        ScriptedModel model = new ScriptedModel(V, 3, 200);
        try (Generator generator = new Generator(model, null, 1000)) {
            int[] prompt = {1, 2, 3, 4, 5};
            CompletableFuture<Completion> second = generator
                    .submit(Request.of(prompt, Sampling.GREEDY, 6, List.of()))
                    .thenCompose(first -> {
                        int[] longer = Arrays.copyOf(prompt, 5 + 6 + 3);
                        System.arraycopy(first.ids(), 0, longer, 5, 6);
                        return generator.submit(Request.of(longer, Sampling.GREEDY, 2, List.of()));
                    });
            while (generator.step()) {
                // to the end
            }
            // The sixth token was chosen but never read.
            assertThat(second.join().reusedTokens()).isEqualTo(10);
            assertThat(model.copied).isZero();
        }
    }

    @Test
    void theNextTurnComesBeforeThoseThatWait() {
        ScriptedModel model = new ScriptedModel(V, 1, 200);
        List<String> order = new ArrayList<>();
        try (Generator generator = new Generator(model, null, 1000)) {
            int[] prompt = {1, 2, 3, 4, 5};
            CompletableFuture<Completion> second = generator
                    .submit(Request.of(prompt, Sampling.GREEDY, 6, List.of()))
                    .thenCompose(first -> {
                        int[] longer = Arrays.copyOf(prompt, 5 + 6 + 3);
                        System.arraycopy(first.ids(), 0, longer, 5, 6);
                        return generator.submit(Request.of(longer, Sampling.GREEDY, 2, List.of()));
                    });
            CompletableFuture<Completion> other =
                    generator.submit(Request.of(new int[] {9, 8, 7}, Sampling.GREEDY, 2, List.of()));
            second.thenRun(() -> order.add("second turn"));
            other.thenRun(() -> order.add("other"));
            while (generator.step()) {
                // to the end
            }
            assertThat(order).containsExactly("second turn", "other");
            assertThat(second.join().reusedTokens()).isEqualTo(10);
        }
    }

    @Test
    void aCancelledRequestLeaves() {
        ScriptedModel model = new ScriptedModel(V, 1, 200);
        try (Generator generator = new Generator(model, null, 1000)) {
            CompletableFuture<Completion> first =
                    generator.submit(Request.of(new int[] {1}, Sampling.GREEDY, 100, List.of()));
            CompletableFuture<Completion> waiting =
                    generator.submit(Request.of(new int[] {2}, Sampling.GREEDY, 100, List.of()));
            CompletableFuture<Completion> last =
                    generator.submit(Request.of(new int[] {3}, Sampling.GREEDY, 1, List.of()));
            generator.step();
            assertThat(generator.running()).isEqualTo(1);
            first.cancel(false);
            waiting.cancel(false);
            assertThat(generator.step()).isFalse();
            assertThat(last.join().ids()).hasSize(1);
        }
    }

    @Test
    void theCapacityOfASlotLimitsTheAnswer() {
        try (Generator generator = new Generator(new ScriptedModel(V, 1, 10), null, 100)) {
            Completion answer = generator
                    .complete(List.of(Request.of(new int[8], Sampling.GREEDY, 50, List.of())))
                    .getFirst();
            assertThat(answer.ids()).hasSize(3);
            assertThat(answer.finish()).isEqualTo(FinishReason.LENGTH);
        }
    }

    @Test
    void stopStringsAreFoundAcrossTokensAndCutOff() {
        // The model says "été: fin STOP more", a byte a token; é is two tokens.
        byte[] said = "été: fin STOP more".getBytes(StandardCharsets.UTF_8);
        ScriptedModel model = new ScriptedModel(256, 1, 100, tokens -> {
            int at = tokens.size() - 1;
            return at < said.length ? said[at] & 0xff : 0;
        });
        try (Generator generator = new Generator(model, new Bytes(), 100)) {
            Request request =
                    new Request(0, new int[] {1}, Sampling.GREEDY, 60, List.of(), List.of("nope", " STOP", "OP"));
            Completion answer = generator.complete(List.of(request)).getFirst();
            assertThat(answer.text()).isEqualTo("été: fin");
            assertThat(answer.finish()).isEqualTo(FinishReason.STOP);
            assertThat(answer.ids()).hasSize("été: fin STOP".getBytes(StandardCharsets.UTF_8).length);
        }
    }

    @Test
    void theStopTokenIsAmongTheIdsButNotInTheText() {
        ScriptedModel model = new ScriptedModel(256, 1, 100, tokens -> tokens.size() < 4 ? 'a' : 'z');
        try (Generator generator = new Generator(model, new Bytes(), 100)) {
            Completion answer = generator
                    .complete(List.of(Request.of(new int[] {1, 2}, Sampling.GREEDY, 60, List.of((int) 'z'))))
                    .getFirst();
            assertThat(answer.ids()).containsExactly('a', 'a', 'z');
            assertThat(answer.text()).isEqualTo("aa");
            assertThat(answer.finish()).isEqualTo(FinishReason.STOP);
        }
    }

    @Test
    void textNeverShowsHalfACharacter() {
        TextStream stream = new TextStream(new Bytes(), List.of());
        List<String> states = new ArrayList<>();
        for (byte b : "a€b".getBytes(StandardCharsets.UTF_8)) {
            stream.add(b & 0xff);
            states.add(stream.soFar());
        }
        assertThat(states).containsExactly("a", "a", "a", "a€", "a€b");
        // A stop string that ends inside a token which also begins a character is found at once.
        TextStream stopped = new TextStream(new Bytes(), List.of("a"));
        assertThat(stopped.add('a')).isTrue();
    }

    @Test
    void aFailingModelFailsTheRequestsItHeld() {
        ScriptedModel model = new ScriptedModel(V, 1, 10, tokens -> {
            throw new IllegalStateException("out of order");
        });
        try (Generator generator = new Generator(model, null, 100)) {
            CompletableFuture<Completion> answer =
                    generator.submit(Request.of(new int[] {1}, Sampling.GREEDY, 5, List.of()));
            assertThatThrownBy(generator::step).hasMessage("out of order");
            assertThatThrownBy(answer::join).isInstanceOf(CompletionException.class);
            assertThat(generator.running()).isZero();
        }
    }

    @Test
    void impossibleRequestsAreRefused() {
        try (Generator generator = new Generator(new ScriptedModel(V, 1, 10), null, 100)) {
            assertThatThrownBy(() -> generator.submit(Request.of(new int[0], Sampling.GREEDY, 1, List.of())))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("prompt: expected 1 to 10 tokens, found 0");
            assertThatThrownBy(() -> generator.submit(Request.of(new int[11], Sampling.GREEDY, 1, List.of())))
                    .isInstanceOf(ShapeException.class);
            assertThatThrownBy(() -> generator.submit(Request.of(new int[] {1, V}, Sampling.GREEDY, 1, List.of())))
                    .hasMessage("prompt token 1: expected an id from 0 to 49, found 50");
            assertThatThrownBy(() -> generator.submit(Request.of(new int[] {1}, Sampling.GREEDY, 0, List.of())))
                    .isInstanceOf(ConfigException.class);
            assertThatThrownBy(() -> generator.submit(
                            new Request(0, new int[] {1}, Sampling.GREEDY, 1, List.of(), List.of("x"))))
                    .hasMessageContaining("tokenizer");
        }
    }

    /// A tokenizer whose tokens are bytes.
    private static final class Bytes implements Tokenizer {

        @Override
        public int[] encode(String text, boolean addSpecialTokens) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            int[] ids = new int[bytes.length];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = bytes[i] & 0xff;
            }
            return ids;
        }

        @Override
        public Encoding encodeWithOffsets(String text, boolean addSpecialTokens) {
            throw new UnsupportedOperationException();
        }

        @Override
        public String decode(int[] ids, boolean skipSpecialTokens) {
            byte[] bytes = new byte[ids.length];
            for (int i = 0; i < ids.length; i++) {
                bytes[i] = (byte) ids[i];
            }
            return new String(bytes, StandardCharsets.UTF_8);
        }

        @Override
        public int idOf(String token) {
            return -1;
        }

        @Override
        public int vocabularySize() {
            return 256;
        }

        @Override
        public void close() {}
    }
}
